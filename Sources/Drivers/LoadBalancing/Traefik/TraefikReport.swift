import JSON
import Migration

/// What a Traefik says that it serves: `/api/rawdata`, one answer from one moment.
///
/// Source: Traefik's documentation, Operations/API, and `pkg/config/dynamic`; what it shows beyond that was measured on
/// 3.7.15.
struct TraefikReport: Sendable {
    /// A service that shares its requests between others by weight.
    struct Weighted: Sendable, Hashable {
        struct Child: Sendable, Hashable {
            /// As it is written: without a provider it is its parent's.
            var name: String
            var weight: Int
        }

        var children: [Child]
        /// Whether a child whose servers are all down loses its share.
        var watchesChildren: Bool
        /// The cookie that keeps a user at one child.
        var cookie: String?
        var problem: String?
        var isUsed: Bool
    }

    /// A service with servers of its own.
    struct Pool: Sendable, Hashable {
        struct Check: Sendable, Hashable {
            var interval: Duration
            var timeout: Duration
        }

        var urls: [String]
        var check: Check?
        /// By URL, `UP` or `DOWN`; empty while no router leads to it.
        var status: [String: String]
        var transport: String?
        var problem: String?
        /// Whether a router leads to it past any weighted service.
        var isUsed: Bool
    }

    private(set) var weighted: [String: Weighted] = [:]
    private(set) var pools: [String: Pool] = [:]
    /// Services that are neither: mirrors and failovers.
    private(set) var others: Set<String> = []
    private(set) var middlewares: Set<String> = []
    private(set) var routers: Set<String> = []
    /// By name, what a middleware sets of a request's headers: where rz keeps its note.
    private(set) var notes: [String: [String: String]] = [:]

    /// - Throws: `MalformedReply` for an answer that is no report.
    init(_ json: JSON) throws(MalformedReply) {
        guard let services = json["services"]?.object else { throw MalformedReply("no list of services") }
        for (name, service) in services where !name.hasSuffix("@internal") {
            if let content = service["weighted"] {
                weighted[name] = Weighted(content, service)
            } else if let content = service["loadBalancer"] {
                pools[name] = Pool(content, service)
            } else {
                others.insert(name)
            }
        }
        routers = Set(json["routers"]?.object?.keys ?? [])
        for (name, middleware) in json["middlewares"]?.object ?? JSONObject() {
            middlewares.insert(name)
            guard let headers = middleware["headers"]?["customRequestHeaders"]?.object else { continue }
            notes[name] = Dictionary(
                headers.map { ($0.key.lowercased(), $0.value.string ?? "") }, uniquingKeysWith: { first, _ in first })
        }
    }

    /// The servers behind a child of a weighted service.
    func pool(_ child: String, of parent: String) -> Pool? { pools[TraefikReport.qualified(child, in: parent)] }

    /// What is served of one provider, by kind as its keys are called, without the provider.
    func names(of suffix: String) -> [(kind: String, names: [String])] {
        let services = Set(weighted.keys).union(pools.keys).union(others)
        return [("routers", routers), ("services", services), ("middlewares", middlewares)].map { kind, all in
            (kind, all.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) })
        }
    }

    /// A service's name with its provider: a name without one is its parent's.
    static func qualified(_ name: String, in parent: String) -> String {
        guard !name.contains("@"), let at = parent.lastIndex(of: "@") else { return name }
        return name + parent[at...]
    }
}

extension JSON {
    /// Why Traefik doesn't serve what it describes.
    fileprivate var problem: String? {
        guard self["status"]?.string == "disabled" else { return nil }
        return self["error"]?.array?.compactMap(\.string).joined(separator: "; ") ?? "it is disabled"
    }

    fileprivate var isUsed: Bool { self["usedBy"]?.array?.isEmpty == false }
}

extension TraefikReport.Weighted {
    fileprivate init(_ content: JSON, _ service: JSON) {
        self.init(
            children: TraefikReport.Weighted.children(content), watchesChildren: content["healthCheck"] != nil,
            cookie: content["sticky"].map { $0["cookie"]?["name"]?.string ?? "of its own" }, problem: service.problem,
            isUsed: service.isUsed)
    }

    /// A larger weight counts as this one: sums of them stay numbers.
    static let largest = 1_000_000

    /// Of the API and of files alike: a child without a weight has 1.
    static func children(_ content: JSON) -> [Child] {
        (content["services"]?.array ?? []).compactMap { child in
            child["name"]?.string.map { name in
                let weight = child["weight"].map { $0.int ?? 0 } ?? 1
                return Child(name: name, weight: min(largest, max(0, weight)))
            }
        }
    }
}

extension TraefikReport.Pool {
    fileprivate init(_ content: JSON, _ service: JSON) {
        let check = content["healthCheck"].map { check in
            Check(
                interval: Duration(go: check["interval"]?.string) ?? .seconds(30),
                timeout: Duration(go: check["timeout"]?.string) ?? .seconds(5))
        }
        self.init(
            urls: (content["servers"]?.array ?? []).compactMap { $0["url"]?.string }, check: check,
            status: (service["serverStatus"]?.object).map {
                Dictionary($0.map { ($0.key, $0.value.string ?? "") }, uniquingKeysWith: { first, _ in first })
            } ?? [:], transport: content["serversTransport"]?.string, problem: service.problem, isUsed: service.isUsed)
    }
}

extension Duration {
    /// As Go writes one: `1m30s`, `1.5s`, `500ms`.
    init?(go text: String?) {
        guard var rest = text.map({ Substring($0) }), !rest.isEmpty else { return nil }
        var seconds = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isNumber || $0 == "." }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { !$0.isNumber && $0 != "." }
            rest = rest.dropFirst(unit.count)
            guard let value = Double(number), let factor = Duration.goUnits[unit] else { return nil }
            seconds += value * factor
        }
        guard seconds < 1e9 else { return nil }
        self = .milliseconds(Int64(seconds * 1000))
    }

    private static let goUnits: [Substring: Double] = [
        "h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9,
    ]
}
