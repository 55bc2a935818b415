import JSON
import Migration
import Transport
import Trust

extension ProbeRunner {
    /// Compares the routers and services of both colors' Traefik.
    func askTraefik(
        _ traefik: Probe.Traefik, _ inventory: Inventory, _ other: Inventory, _ probe: Probe
    ) async throws(Failure) -> GateSample {
        let credentials = try basic(user: traefik.user, password: traefik.password, inventory)
        func api(_ inventory: Inventory) throws(Failure) -> TraefikAPI {
            let url = try text(traefik.url, inventory)
            return TraefikAPI(
                url: url, credentials: credentials,
                tls: try tls(probe, "traefik", inventory).options(for: url), reach: reach(inventory),
                deadline: probe.timeout.duration)
        }
        let new = try api(inventory)
        let old = try api(other)
        guard new.url != old.url else {
            return sample(
                new.place, .inconclusive,
                "Traefik: \(new.place) serves both colors. Write `url` with {{ … }}, so that each color has its own"
            )
        }
        do throws(TraefikAPI.Refusal) {
            let comparison = TraefikComparison(
                old: try await old.read(), new: try await new.read(), ignored: traefik.ignore.map(\.router),
                isOld: { other.holds($0) && !inventory.holds($0) })
            let (verdict, message) = comparison.judgement
            return sample(new.place, verdict, "Traefik \(new.place) \(message)")
        } catch {
            return sample(new.place, error.verdict, "Traefik: \(error.message)")
        }
    }
}

/// What one Traefik says that it routes, over its API.
///
/// Source: Traefik documentation, Operations/API (pages by `page` and `per_page`, the next one in `X-Next-Page`), and
/// its `pkg/api`.
struct TraefikAPI {
    /// Why it could not be read, and what to do.
    struct Refusal: Error {
        var verdict: Verdict
        var message: String
    }

    let url: String
    let credentials: Credentials?
    let tls: TLSOptions
    let reach: Reach
    let deadline: Duration

    /// A list of more pages than this is not read on.
    private static let mostPages = 200

    var place: String { HTTPRequest(.get, url).shownURL }

    func read() async throws(Refusal) -> TraefikState {
        var state = TraefikState()
        for transport in TraefikState.Transport.allCases {
            let routers = try await list("/api/\(transport.rawValue)/routers", isRequired: transport == .http)
            let services = try await list("/api/\(transport.rawValue)/services", isRequired: transport == .http)
            state.take(routers: routers, services: services, transport)
        }
        return state
    }

    private func list(_ path: String, isRequired: Bool) async throws(Refusal) -> [JSON] {
        var elements: [JSON] = []
        var page = 1
        for _ in 0..<Self.mostPages {
            let request = HTTPRequest(
                .get, "\(url)\(path)?page=\(page)&per_page=500", deadline: deadline, credentials: credentials,
                tls: tls, retry: RetryPolicy.none, maximumRedirects: 0, maximumBody: 16 << 20)
            let answer = try await send(request)
            // Before 2.0 and 2.2 there was no TCP and no UDP.
            if answer.status == 404, !isRequired { return [] }
            guard answer.status == 200 else { throw refusal(answer.status, path) }
            guard let part = try? JSON(parsing: answer.body), let list = part.array else {
                throw Refusal(verdict: .fail, message: "\(place)\(path) holds no list. Correct `url`")
            }
            elements += list
            // The last page names the first as the next.
            guard let next = answer.headers["X-Next-Page"].flatMap({ Int($0) }), next > page else { return elements }
            page = next
        }
        throw Refusal(verdict: .inconclusive, message: "\(place)\(path) has no end")
    }

    private func send(_ request: HTTPRequest) async throws(Refusal) -> HTTPResponse {
        let bound: HTTPRequest
        do throws(Failure) {
            bound = try reach.bound(request)
        } catch {
            throw Refusal(verdict: .inconclusive, message: error.summary)
        }
        do throws(TransportError) {
            return try await HTTPClient.shared.send(bound)
        } catch {
            let isDown = [.refused, .timedOut, .connectionLost, .tls].contains(error.kind)
            throw Refusal(
                verdict: isDown ? .fail : .inconclusive,
                message: "\(error.description). Start it with its API on (`--api`), or correct `url`")
        }
    }

    private func refusal(_ status: Int, _ path: String) -> Refusal {
        switch status {
        case 401, 403:
            Refusal(
                verdict: .inconclusive,
                message: "\(place) requires authentication (HTTP \(status)). Set `user` and `password`")
        case 404:
            Refusal(
                verdict: .fail, message: "\(place) has no \(path). Turn its API on (`--api`), or correct `url`")
        default: Refusal(verdict: .fail, message: "\(place)\(path) answers \(status). See its log")
        }
    }
}

/// Routers and services of one Traefik, without its own.
struct TraefikState: Sendable {
    enum Transport: String, Sendable, Hashable, CaseIterable { case http, tcp, udp }

    /// `name@provider` of one kind.
    struct Key: Hashable, Comparable, CustomStringConvertible {
        var transport: Transport
        var name: String

        var description: String { transport == .http ? name : "\(name) (\(transport.rawValue))" }
        static func < (left: Key, right: Key) -> Bool { left.description < right.description }
    }

    struct Service: Sendable {
        var isEnabled: Bool
        /// Servers that are up.
        var up: Int
        var hosts: [String]
        /// Routers that lead to it.
        var users: Set<String>
    }

    /// Whether each router is enabled.
    var routers: [Key: Bool] = [:]
    /// Those with servers of their own.
    var services: [Key: Service] = [:]

    /// A router or service with a warning works.
    private static func isEnabled(_ element: JSON) -> Bool { element["status"]?.string != "disabled" }

    mutating func take(routers: [JSON], services: [JSON], _ transport: Transport) {
        for router in routers {
            guard let key = TraefikState.key(router, transport) else { continue }
            self.routers[key] = TraefikState.isEnabled(router)
        }
        for service in services {
            guard let key = TraefikState.key(service, transport), let balancer = service["loadBalancer"] else {
                continue
            }
            let servers = balancer["servers"]?.array ?? []
            let addresses = servers.compactMap { $0["url"]?.string ?? $0["address"]?.string }
            let states = service["serverStatus"]?.object.map { $0.map { $0.value.string == "UP" } }
            self.services[key] = Service(
                isEnabled: TraefikState.isEnabled(service),
                // UDP reports no states.
                up: states.map { $0.count { $0 } } ?? addresses.count,
                hosts: addresses.map(TraefikState.host),
                users: Set((service["usedBy"]?.array ?? []).compactMap(\.string)))
        }
    }

    private static func key(_ element: JSON, _ transport: Transport) -> Key? {
        guard let name = element["name"]?.string, !name.hasSuffix("@internal") else { return nil }
        return Key(transport: transport, name: name)
    }

    /// `http://10.0.0.1:80/path` → `10.0.0.1:80`.
    private static func host(_ url: String) -> String {
        let parts = url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].isEmpty else { return url }
        return String(parts[2].prefix { $0 != "/" && $0 != "?" })
    }
}

/// Whether the new color's Traefik routes what the old color's does.
struct TraefikComparison {
    let old: TraefikState
    let new: TraefikState
    /// Patterns of routers.
    let ignored: [String]
    /// Whether a server of the old color alone stands at an address.
    let isOld: (String) -> Bool

    var judgement: (Verdict, String) {
        guard !wanted.isEmpty else {
            return (
                .inconclusive,
                "can't be compared: the old color's Traefik has no router that is enabled and not ignored. See that it "
                    + "reaches its Mesos master, and that `url` is right for both colors"
            )
        }
        let faults = strangers + missing + disabled + short
        guard !faults.isEmpty else {
            return (.pass, "has all \(wanted.count) routers of the old color's, with their servers")
        }
        let rest = faults.count > 3 ? "; and \(faults.count - 3) more" : ""
        return (
            .fail,
            faults.prefix(3).joined(separator: "; ") + rest
                + ". See that each service runs in the new color with its labels, or list the router under `ignore`"
        )
    }

    /// What the old color serves.
    private var wanted: [TraefikState.Key] {
        old.routers.filter { $0.value && !isIgnored($0.key.name) }.keys.sorted()
    }

    private var missing: [String] {
        wanted.filter { new.routers[$0] == nil }.map { "lacks the router \($0)" }
    }

    private var disabled: [String] {
        wanted.filter { new.routers[$0] == false }.map { "has the router \($0) disabled: its dashboard says why" }
    }

    private var short: [String] {
        needed.compactMap { key, service in
            guard let found = new.services[key] else { return "lacks the service \(key)" }
            if !found.isEnabled { return "has the service \(key) disabled: its dashboard says why" }
            return found.up < service.up ? "has \(found.up) of \(service.up) servers of \(key) up" : nil
        }
    }

    /// It reads the wrong cluster, and would send users back to the old color's tasks.
    private var strangers: [String] {
        new.services.sorted { $0.key < $1.key }.compactMap { key, service in
            service.hosts.first(where: isOld).map { host in
                "sends \(key) to \(host), a server of the old color: correct the address of its Mesos master"
            }
        }
    }

    private var needed: [(TraefikState.Key, TraefikState.Service)] {
        old.services.filter { _, service in
            service.isEnabled && service.up > 0
                // Without users another service leads to it.
                && (service.users.isEmpty || service.users.contains { !isIgnored($0) })
        }.sorted { $0.key < $1.key }
    }

    private func isIgnored(_ router: String) -> Bool { ignored.contains { matchesWildcard(router, pattern: $0) } }
}
