import Migration

/// What a `server` line of a configuration and the command `add server` both say of a server.
///
/// Source: HAProxy 2.6 management guide, `add server`: such a server ignores `default-server`, so that everything is said
/// with it. It takes most of the words of a `server` line, and begins in maintenance.
struct ServerLine: Sendable, Hashable {
    var name: String
    var address: String
    var options: [String]

    var text: String { (["server", name, address] + options).joined(separator: " ") }

    /// Nil for what is none.
    init?(_ text: Substring) {
        let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        guard words.count >= 3, words[0] == "server" else { return nil }
        name = words[1]
        address = words[2]
        options = Array(words.dropFirst(3))
    }

    /// - Parameter weight: where the options say none.
    init(name: String, address: String, options: [String], weight: Int) {
        self.name = name
        self.address = address
        self.options = options.contains("weight") ? options : options + ["weight", "\(weight)"]
    }

    /// Whether HAProxy reads it as what it is.
    var isPlain: Bool { ([address] + options).allSatisfy(MapEntry.isPlain) }

    var isChecked: Bool { options.contains("check") }

    func added(to backend: String) -> RuntimeCommand {
        RuntimeCommand(
            text: "add server \(backend)/\(name) \(([address] + options).joined(separator: " "))",
            subject: "a new server", place: "backend \(backend), server \(name) at \(address)")
    }

    func checked(in backend: String) -> RuntimeCommand? {
        guard isChecked else { return nil }
        return RuntimeCommand(
            text: "enable health \(backend)/\(name)", subject: "a server's health check",
            place: "backend \(backend), server \(name)")
    }

    static func removed(_ name: String, from backend: String) -> RuntimeCommand {
        RuntimeCommand(
            text: "del server \(backend)/\(name)", subject: "to remove a server",
            place: "backend \(backend), server \(name)")
    }
}

/// What HAProxy reports of how a backend's servers are configured.
struct ServerOptions: Sendable, Hashable {
    /// Words of a `server` line: health check and limits. TLS, cookies and the interval of checks are not reported.
    var words: [String] = []
    /// Whether any speaks TLS, which no one can copy from what is reported.
    var usesTLS = false
    /// A server of the configuration.
    var weight: Int?

    /// Whether there was no server to read them from.
    let isEmpty: Bool

    /// Of no server.
    init() { isEmpty = true }

    static func question(_ backend: String) -> String { "show stat \(backend) 4 -1" }

    /// - Parameters:
    ///   - answer: to the question.
    ///   - records: of the same backend.
    ///   - isOther: the servers that count.
    init(_ answer: String, _ records: [ServerRecord], where isOther: (String) -> Bool) throws(MalformedReply) {
        let others = records.filter { isOther($0.name) && !$0.isHeldInMaintenance }
        isEmpty = others.isEmpty
        usesTLS = others.contains(where: \.usesTLS)
        weight = others.lazy.compactMap(\.configuredWeight).first { $0 > 0 }
        let names = Set(others.map(\.name))
        var row = Row(Array(answer.utf8))
        guard try row.readValues() else { return }
        let columns = Columns(row.cells.indices.map { row.value(Column(name: "", place: $0)) ?? "" })
        while try row.readValues() {
            guard let name = row.value(columns["svname"]), names.contains(name) else { continue }
            func limit(_ word: String, _ column: String) -> [String] {
                row.value(columns[column]).flatMap(Int.init).map { $0 > 0 ? [word, "\($0)"] : [] } ?? []
            }
            let checks = limit("rise", "check_rise") + limit("fall", "check_fall")
            words = (checks.isEmpty ? [] : ["check"] + checks) + limit("maxconn", "slim") + limit("maxqueue", "qlimit")
            return
        }
    }
}
