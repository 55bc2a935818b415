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
    var usesTLS = false
    var checked = CheckMark()

    /// Reads all servers.
    ///
    /// Source: HAProxy 2.6 management guide, `show servers state`. Columns are found by name.
    ///
    /// - Throws: `MalformedReply` when the text is no server state of version 1, or a line of it is broken.
    static func all(in text: String) throws(MalformedReply) -> [ServerRecord] {
        let most = MalformedReply.mostServers
        var row = Row(Array(text.utf8))
        guard row.readWords(), row.cells.count == 1, row.text(.first) == "1", row.readWords(),
            row.text(.first) == "#"
        else {
            throw MalformedReply("it is not a server state of version 1")
        }
        let names = row.cells.dropFirst().map { String(decoding: row.bytes[$0], as: UTF8.self) }
        let columns = ServerColumns(Columns(names))
        var records: [ServerRecord] = []
        // A line has about seventy bytes.
        records.reserveCapacity(min(most, row.bytes.count / 64))
        while row.readWords() {
            guard records.count < most else { throw MalformedReply("it lists more than \(most) servers") }
            guard row.cells.count == names.count, let record = ServerRecord(row, columns, after: records.last) else {
                throw MalformedReply("server \(records.count + 1) can't be read")
            }
            records.append(record)
        }
        return records
    }

    /// - Parameter last: the record before, most often of the same backend.
    private init?(_ row: Row, _ columns: ServerColumns, after last: ServerRecord?) {
        guard let backend = row.cell(columns.backend), let server = row.text(columns.name),
            let host = row.text(columns.address),
            let weight = row.number(columns.weight), (0...WeightScale.haproxy.largest).contains(weight),
            let state = row.number(columns.operation),
            let administration = row.number(columns.administration),
            let operation = ServerRecord.operation(state)
        else { return nil }
        self.backend =
            last.flatMap { $0.backend.utf8.elementsEqual(backend) ? $0.backend : nil }
            ?? String(decoding: backend, as: UTF8.self)
        name = server
        address = (host.utf8.contains(58) ? "[\(host)]" : host) + (row.number(columns.port).map { ":\($0)" } ?? "")
        self.weight = weight
        self.operation = operation
        configuredWeight = row.number(columns.configuredWeight)
        self.administration = ServerRecord.administration(administration)
        isHeldInMaintenance = administration & 0x22 != 0
        hasActiveAgent = row.number(columns.agent).map { $0 & 0x14 == 0x14 } ?? false
        usesTLS = row.number(columns.usesTLS) == 1
        checked = CheckMark(
            status: row.number(columns.checkStatus), health: row.number(columns.checkHealth),
            state: row.number(columns.checkState).map { $0 & 0xe })
    }

    /// What a server's check has come to, in HAProxy's own numbers: while they stay, so does what its statistics say of it.
    struct CheckMark: Sendable, Hashable {
        var status: Int?
        var health: Int?
        /// Bits: 0x02 configured, 0x04 on, 0x08 paused. That one is under way (0x01) changes nothing.
        var state: Int?
    }

    /// Whether it is the same server in the same health as in another record, whatever its weight.
    func isSameInHealth(as other: ServerRecord) -> Bool {
        checked == other.checked && operation == other.operation && administration == other.administration
            && isHeldInMaintenance == other.isHeldInMaintenance && name == other.name && backend == other.backend
            && address == other.address
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

private struct ServerColumns {
    let backend, name, address, port, weight, configuredWeight, operation, administration, agent, usesTLS: Column
    let checkStatus, checkHealth, checkState: Column

    init(_ columns: Columns) {
        backend = columns["be_name"]
        name = columns["srv_name"]
        address = columns["srv_addr"]
        port = columns["srv_port"]
        weight = columns["srv_uweight"]
        configuredWeight = columns["srv_iweight"]
        operation = columns["srv_op_state"]
        administration = columns["srv_admin_state"]
        agent = columns["srv_agent_state"]
        usesTLS = columns["srv_use_ssl"]
        checkStatus = columns["srv_check_status"]
        checkHealth = columns["srv_check_health"]
        checkState = columns["srv_check_state"]
    }
}

extension WeightScale {
    /// The largest weight that HAProxy takes (configuration manual, `weight`).
    static let haproxy = WeightScale(largest: 256, usual: 100)
}
