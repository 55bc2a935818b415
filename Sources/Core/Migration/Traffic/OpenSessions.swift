/// A server of a backend, as the load balancer lists it.
public struct ListedServer: Sendable, Hashable {
    public var backend: String
    public var name: String

    public init(backend: String, name: String) {
        self.backend = backend
        self.name = name
    }
}

/// A session between a user and a server, as a load balancer reports it.
public struct OpenSession: Codable, Sendable, Hashable {
    public var loadBalancer: LoadBalancerID
    public var backend: String
    public var server: String
    public var frontend: String
    /// Where the user comes from.
    public var client: String
    /// Nil where the load balancer does not report it.
    public var age: Period?
    /// What the user sent.
    public var bytesIn: Int?
    /// What the user got.
    public var bytesOut: Int?
    /// The process of before a reload that has the session.
    public var oldProcess: Int?

    public init(
        loadBalancer: LoadBalancerID, backend: String, server: String, frontend: String, client: String,
        age: Period? = nil, bytesIn: Int? = nil, bytesOut: Int? = nil, oldProcess: Int? = nil
    ) {
        self.loadBalancer = loadBalancer
        self.backend = backend
        self.server = server
        self.frontend = frontend
        self.client = client
        self.age = age
        self.bytesIn = bytesIn
        self.bytesOut = bytesOut
        self.oldProcess = oldProcess
    }
}

extension OpenSession: CustomStringConvertible {
    public var description: String {
        let parts = [
            "\(loadBalancer) \(backend)/\(server): frontend \(frontend)", client, age.map { "for \($0)" },
            bytesIn.map { "\(Wording.bytes($0)) in" }, bytesOut.map { "\(Wording.bytes($0)) out" },
            oldProcess.map { "in the old process \($0)" },
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }
}

/// Who talks to some servers now: however many there are, so many are kept that memory is bounded.
public struct OpenSessions: Codable, Sendable, Hashable {
    /// The most that are listed.
    public static let limit = 10_000

    /// The oldest first; those of unknown age last.
    public private(set) var listed: [OpenSession]
    /// How many there are besides.
    public private(set) var more: Int
    /// What no one can say, one sentence each: a load balancer that does not report sessions, or does not answer.
    public private(set) var unknown: [String]

    public init(_ sessions: [OpenSession] = [], more: Int = 0, unknown: [String] = []) {
        let sorted = sessions.sorted { OpenSessions.isOlder($0, $1) }
        listed = Array(sorted.prefix(OpenSessions.limit))
        self.more = more + sorted.count - listed.count
        self.unknown = unknown
    }

    public var count: Int { listed.count + more }

    /// `3 sessions`; where someone could not be asked, none found is no proof that there is none.
    package var counted: String {
        let sessions = Wording.count(count, "session")
        if unknown.isEmpty { return sessions }
        return count == 0 ? "sessions that no one can count" : "at least \(sessions)"
    }

    public static func + (left: OpenSessions, right: OpenSessions) -> OpenSessions {
        OpenSessions(
            left.listed + right.listed, more: left.more + right.more, unknown: left.unknown + right.unknown)
    }

    /// The oldest of them, the others counted.
    public func oldest(_ number: Int) -> OpenSessions {
        OpenSessions(Array(listed.prefix(number)), more: max(0, listed.count - number) + more, unknown: unknown)
    }

    /// One line each for the oldest, how many more there are, and what no one can say.
    ///
    /// - Parameter rest: where the others are to be seen.
    package func lines(_ number: Int, rest: String? = nil) -> [String] {
        let few = oldest(number)
        let others = few.more > 0 ? ["\(few.more) more" + (rest.map { ": \($0)" } ?? "")] : []
        return few.listed.map(\.description) + others + unknown
    }

    private static func isOlder(_ one: OpenSession, _ other: OpenSession) -> Bool {
        switch (one.age, other.age) {
        case (let first?, let second?) where first != second: first > second
        case (nil, _?): false
        case (_?, nil): true
        default:
            (one.loadBalancer.text, one.backend, one.server, one.client)
                < (other.loadBalancer.text, other.backend, other.server, other.client)
        }
    }
}
