import Migration
import Transport
import Trust

/// Asks probes over HTTP, TCP, and by running a program; those of one system as the files of `Readiness` do.
public struct ProbeRunner: Prober {
    /// Runs a program with a time limit and gives its exit status.
    public typealias Program = @Sendable (_ command: [String], _ limit: Period) async throws(Failure) -> Int32

    let resolver: Resolver
    private let proxy: ProxyRules?
    private let program: Program

    public init(resolver: @escaping Resolver, proxy: ProxyRules? = nil, program: @escaping Program) {
        self.resolver = resolver
        self.proxy = proxy
        self.program = program
    }

    public func ask(_ probe: Probe, target: String?, inventory: Inventory, other: Inventory) async -> GateSample {
        do throws(Failure) {
            switch probe.kind {
            case .http(let url, let path, let expect, let headers):
                let scheme = probe.tls == nil ? "http" : "https"
                guard
                    let base = try url.map({ url throws(Failure) in try text(url, inventory) })
                        ?? target.map({ "\(scheme)://\($0)" })
                else { return noTarget }
                return try await askHTTP(base + path, expect: expect, headers, probe, inventory)
            case .tcp(let address):
                guard
                    let address = try address.map({ address throws(Failure) in try text(address, inventory) }) ?? target
                else { return noTarget }
                return try await askTCP(address, probe, tls(probe, "tcp", inventory))
            case .command(let words):
                var command: [String] = []
                for word in words { command.append(try text(word, inventory)) }
                return try await run(command, timeout: probe.timeout)
            case .zooKeeper(let servers):
                return try await askZooKeeper(servers, inventory, timeout: probe.timeout)
            case .mesosDNS(let question):
                return try await askMesosDNS(question, inventory, other, timeout: probe.timeout)
            case .redis(let redis):
                return try await askRedis(redis, inventory, other, probe, tls(probe, "redis", inventory))
            case .vault(let url):
                return try await askVault(url, inventory, probe, tls(probe, "vault", inventory))
            case .traefik(let traefik):
                return try await askTraefik(traefik, inventory, other, probe)
            case .prometheus(let query):
                return try await askPrometheus(query, inventory, probe, tls(probe, "prometheus", inventory))
            }
        } catch {
            return sample("probe", .inconclusive, "could not be asked: \(error.summary)")
        }
    }

    func text(_ setting: Setting, _ inventory: Inventory) throws(Failure) -> String {
        try inventory.fill(setting, resolver)
    }

    /// Who asks; nil for no one in particular.
    func basic(user: Setting?, password: Setting?, _ inventory: Inventory) throws(Failure) -> Credentials? {
        guard let user else { return nil }
        return .basic(
            user: try text(user, inventory),
            password: try password.map { setting throws(Failure) in try text(setting, inventory) } ?? "")
    }

    func tls(_ probe: Probe, _ kind: String, _ inventory: Inventory) -> TLSAccess {
        TLSAccess(probe.tls, at: "gates.*.probes[].\(kind)", inventory: inventory, resolver: resolver)
    }

    func reach(_ inventory: Inventory) -> Reach { Reach(inventory, proxy: proxy, resolver: resolver) }

    private func askHTTP(
        _ url: String, expect: Int, _ headers: [String: Setting], _ probe: Probe, _ inventory: Inventory
    ) async throws(Failure) -> GateSample {
        let tls = tls(probe, "http", inventory)
        var filled: [HTTPHeader] = []
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            filled.append(HTTPHeader(name, try text(value, inventory)))
        }
        let request = try reach(inventory).bound(
            HTTPRequest(
                .get, url, headers: filled, deadline: probe.timeout.duration, tls: try tls.options(for: url),
                retry: RetryPolicy.none, maximumRedirects: 0))
        // The query may hold a secret, and samples are written to the journal.
        let url = request.shownURL
        do throws(TransportError) {
            let status = try await HTTPClient.shared.send(request).status
            return status == expect
                ? sample(url, .pass, "GET \(url) answered \(status)")
                : sample(url, .fail, "GET \(url) answered \(status), expected \(expect)")
        } catch {
            return sample(url, verdict(of: error), error.sentence(tls))
        }
    }

    private func askTCP(_ address: String, _ probe: Probe, _ tls: TLSAccess) async throws(Failure) -> GateSample {
        guard let socketAddress = SocketAddress("tcp:\(address)") else {
            return sample(address, .inconclusive, "“\(address)” is not host:port")
        }
        let options = probe.tls == nil ? nil : try tls.options()
        do throws(TransportError) {
            if let options {
                try await TLSSocket.connect(to: socketAddress, tls: options, deadline: probe.timeout.duration).close()
            } else {
                try await StreamSocket.connect(to: socketAddress, deadline: probe.timeout.duration).close()
            }
            return sample(address, .pass, "\(address) takes connections")
        } catch {
            return sample(address, verdict(of: error), error.sentence(tls))
        }
    }

    private func run(_ command: [String], timeout: Period) async throws(Failure) -> GateSample {
        let status = try await program(command, timeout)
        let name = command.first ?? ""
        return status == 0
            ? sample(name, .pass, "\(name) exited with 0") : sample(name, .fail, "\(name) exited with \(status)")
    }

    /// `host:port` of a setting.
    func address(_ setting: Setting, _ inventory: Inventory) throws(Failure) -> SocketAddress {
        let text = try text(setting, inventory)
        guard let address = SocketAddress("tcp:\(text)") else { throw Failure("“\(text)” is not host:port") }
        return address
    }

    /// A service that refuses or does not answer has failed; a name that can't be looked up says nothing about it.
    func verdict(of error: TransportError) -> Verdict {
        switch error.kind {
        case .refused, .timedOut, .connectionLost, .tls: .fail
        default: .inconclusive
        }
    }

    private var noTarget: GateSample {
        sample("probe", .inconclusive, "could not be asked: no server of the new color is listed to ask")
    }

    func sample(_ subject: String, _ verdict: Verdict, _ message: String) -> GateSample {
        GateSample(gate: "probe", subject: subject, verdict: verdict, message: message)
    }
}
