import Migration

/// One line of `show servers state`.
struct ServerRecord: Sendable, Hashable {
    var backend: String
    var name: String
    var address: String
    var weight: Int
    /// Nil where HAProxy does not report it.
    var configuredWeight: Int?
    var administration: ServerState.Administration
    var operation: ServerState.Operation
    /// In maintenance by the server it tracks (0x02) or because its name is not resolved (0x20).
    var isHeldInMaintenance: Bool
    var hasActiveAgent: Bool

    /// Reads all servers.
    ///
    /// Source: HAProxy 2.6 management guide, `show servers state`. Columns are found by name.
    ///
    /// - Throws: `MalformedReply` when the text is no server state of version 1, or a line of it is broken.
    static func all(in text: String) throws(MalformedReply) -> [ServerRecord] {
        let most = MalformedReply.mostServers
        let lines = text.utf8.split(separator: 10, maxSplits: most + 3).map { Substring($0) }
        guard lines.count >= 2, lines[0] == "1", lines[1].hasPrefix("# ") else {
            throw MalformedReply("it is not a server state of version 1")
        }
        guard lines.count <= most + 2 else { throw MalformedReply("it lists more than \(most) servers") }
        let names = lines[1].dropFirst(2).utf8.split(separator: 32).map { String(Substring($0)) }
        let columns = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        var records: [ServerRecord] = []
        records.reserveCapacity(lines.count - 2)
        for line in lines.dropFirst(2) {
            let cells = line.utf8.split(separator: 32).map { Substring($0) }
            guard cells.count == names.count, let record = ServerRecord(cells, columns) else {
                throw MalformedReply("server \(records.count + 1) can't be read")
            }
            records.append(record)
        }
        return records
    }

    private init?(_ cells: [Substring], _ columns: [String: Int]) {
        func cell(_ name: String) -> Substring? { columns[name].map { cells[$0] } }
        func number(_ name: String) -> Int? { cell(name).flatMap { Int($0) } }
        guard let backend = cell("be_name"), let server = cell("srv_name"), let host = cell("srv_addr"),
            let weight = number("srv_uweight"), (0...WeightScale.haproxy.largest).contains(weight),
            let state = number("srv_op_state"),
            let administration = number("srv_admin_state"), let operation = ServerRecord.operation(state)
        else { return nil }
        self.backend = String(backend)
        name = String(server)
        address = (host.contains(":") ? "[\(host)]" : String(host)) + (number("srv_port").map { ":\($0)" } ?? "")
        self.weight = weight
        self.operation = operation
        configuredWeight = number("srv_iweight")
        self.administration = ServerRecord.administration(administration)
        isHeldInMaintenance = administration & 0x22 != 0
        hasActiveAgent = number("srv_agent_state").map { $0 & 0x14 == 0x14 } ?? false
    }

    private static func operation(_ number: Int) -> ServerState.Operation? {
        switch number {
        case 0: .down
        case 1: .starting
        case 2: .up
        case 3: .stopping
        default: nil
        }
    }

    /// Bits: 0x01 set by hand, 0x02 inherited, 0x20 name not resolved; 0x08 and 0x10 the same of drain. 0x04 only
    /// shows that the configuration said `disabled`, and stays when the server is ready again.
    private static func administration(_ bits: Int) -> ServerState.Administration {
        bits & 0x23 != 0 ? .maint : bits & 0x18 != 0 ? .drain : .ready
    }
}

extension WeightScale {
    /// The largest weight that HAProxy takes (configuration manual, `weight`).
    static let haproxy = WeightScale(largest: 256, usual: 100)
}
