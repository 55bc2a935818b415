import Migration

extension EnvironmentTemplate {
    /// A load balancer, as `NAME=SOCKET`.
    public struct LoadBalancer: Sendable, Hashable {
        public var name: String
        /// `unix:/path` or `tcp:host:port`.
        public var socket: String

        public init(name: String, socket: String) {
            self.name = name
            self.socket = socket
        }

        /// - Throws: `Failure` that says how to write it.
        public init(_ text: String) throws(Failure) {
            let (name, socket) = try EnvironmentTemplate.halves(
                text, "a load balancer", "edge-1=unix:/run/haproxy/admin.sock, edge-1=tcp:127.0.0.1:9999")
            try EnvironmentTemplate.require(name, .name, "the name of a load balancer")
            try EnvironmentTemplate.require(socket, .socket, "the admin socket of \(name)")
            self.init(name: name, socket: socket)
        }
    }

    /// A framework that launches services, as `KIND=URL`.
    public struct Framework: Sendable, Hashable {
        public enum Kind: String, Sendable, Hashable, CaseIterable {
            case marathon, metronome, chronos, compose

            /// The port that it usually listens on.
            var port: Int {
                switch self {
                case .marathon: 8080
                case .metronome: 9000
                case .chronos: 4400
                case .compose: 10_000
                }
            }
        }

        public var kind: Kind
        public var url: String

        public init(_ kind: Kind, url: String) {
            self.kind = kind
            self.url = url
        }

        /// - Throws: `Failure` that says how to write it.
        public init(_ text: String) throws(Failure) {
            let example = "marathon=http://{{ control[0].address }}:8080"
            let (word, url) = try EnvironmentTemplate.halves(text, "a framework", example)
            let known = Kind.allCases.map(\.rawValue)
            guard let kind = Kind(rawValue: word) else {
                throw Failure(
                    "“\(word)” is not a framework that rz moves services of",
                    details: ["known: \(known.joined(separator: ", "))"],
                    advice: nearest(word, in: known).map { "Did you mean \($0)?" } ?? "For example: \(example)")
            }
            self.init(kind, url: try EnvironmentTemplate.url(url, "the URL of \(word)"))
        }
    }

    /// A name that files, folders and load balancers accept.
    ///
    /// - Throws: `Failure` that says what is wrong with it.
    public static func name(_ text: String) throws(Failure) -> String {
        guard text.first?.isLetter == true, text.utf8.count <= 100,
            text.allSatisfy({ $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") })
        else {
            throw Failure(
                "“\(text)” can't be the name of an environment",
                advice: "A name has lower-case letters, digits and dashes, and begins with a letter.")
        }
        return text
    }

    /// The URL of a server that rz calls, without credentials: the file that it is written to is read by many.
    ///
    /// - Throws: `Failure` that says how to write it, without what may be a secret.
    public static func url(_ text: String, _ meaning: String = "the URL of the Mesos master") throws(Failure) -> String
    {
        guard text.passwordInURL == nil else {
            throw Failure(
                "A password does not belong in \(meaning)",
                advice: "Leave it out here; write `user:` and `password: \"${file:/etc/rz/NAME.password}\"` beside it.")
        }
        try require(text, .url, meaning)
        return text
    }

    /// The name of a backend.
    ///
    /// - Throws: `Failure` that says how to write it.
    public static func backend(_ text: String) throws(Failure) -> String {
        try require(text, .trafficName, "the name of a backend")
        return text
    }

    /// Who calls a framework, as `KIND=USER:REFERENCE`.
    ///
    /// - Throws: `Failure` that says how to write it, without what may be a secret.
    public static func login(_ text: String) throws(Failure) -> (Framework.Kind, Adopted.Login) {
        let example = "marathon=rz:${file:/etc/rz/marathon.password}"
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        let login = parts.count == 2 ? parts[1].split(separator: ":", maxSplits: 1).map(String.init) : []
        guard login.count == 2, let kind = Framework.Kind(rawValue: parts[0]) else {
            throw Failure("A login does not say who calls which framework", advice: "For example: \(example)")
        }
        guard login[1].hasPrefix("${env:") || login[1].hasPrefix("${file:"), login[1].hasSuffix("}") else {
            throw Failure(
                "A password is given as a reference, never itself (\(kind))", advice: "For example: \(example)")
        }
        return (kind, Adopted.Login(user: login[0], password: login[1]))
    }

    /// What the options forbid together.
    ///
    /// - Throws: `Failure` with the first of these.
    public func refuseContradictions() throws(Failure) {
        let names = loadBalancers.map(\.name)
        if let name = names.first(where: { name in names.count { $0 == name } > 1 }) {
            throw Failure("The load balancer \(name) is given twice", advice: "Give each a name of its own.")
        }
        if let backend = backends.first(where: { backend in backends.count { $0 == backend } > 1 }) {
            throw Failure("The backend \(backend) is given twice", advice: "Name it once.")
        }
        let kinds = frameworks.map(\.kind)
        if let kind = kinds.first(where: { kind in kinds.count { $0 == kind } > 1 }) {
            throw Failure(
                "The framework \(kind) is given twice",
                advice: kind == .marathon
                    ? "Give one here, and add the other to environment.yaml, each with a `group` of its own."
                    : "An environment has one \(kind).")
        }
    }

    private static func halves(
        _ text: String, _ meaning: String, _ examples: String
    ) throws(Failure) -> (String, String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            throw Failure("“\(text)” does not say \(meaning)", advice: "For example: \(examples)")
        }
        return (parts[0], parts[1])
    }

    private static func require(_ text: String, _ pattern: Pattern, _ meaning: String) throws(Failure) {
        guard Matcher().fits(text, pattern) else {
            throw Failure("“\(text)” can't be \(meaning)", advice: pattern.advice)
        }
    }
}
