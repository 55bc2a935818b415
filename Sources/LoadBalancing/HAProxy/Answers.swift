import Migration

/// `show servers state`: what survives a reload, one line a server.
///
/// Source: HAProxy 2.6 management guide, `show servers state`; columns are found by their names.
struct ServersState {
    struct Row {
        var backend: String
        var server: String
        var address: String
        var weight: Int
        var administration: ServerState.Administration
        var operation: ServerState.Operation
        /// Whether an agent may change weight and state.
        var hasAgent: Bool
    }

    let rows: [Row]

    /// - Throws: `Failure` when the text is not such a table.
    init(_ text: String, from name: LoadBalancerID) throws(Failure) {
        let lines = text.split(separator: "\n")
        guard let header = lines.first(where: { $0.hasPrefix("#") }) else {
            throw Failure(
                "\(name): `show servers state` gave no table", at: name.text, details: [String(text.prefix(200))])
        }
        let columns = Columns(header.dropFirst().split(separator: " ").map(String.init))
        var rows: [Row] = []
        for line in lines where line.first?.isNumber == true && line.contains(" ") {
            let fields = line.split(separator: " ").map(String.init)
            guard let backend = columns["be_name", fields], let server = columns["srv_name", fields],
                let weight = columns["srv_uweight", fields].flatMap({ Int($0) }),
                let operation = columns["srv_op_state", fields].flatMap({ Int($0) }),
                let administration = columns["srv_admin_state", fields].flatMap({ Int($0) })
            else {
                throw Failure(
                    "\(name): a line of `show servers state` can't be read", at: name.text,
                    details: [String(line.prefix(200))])
            }
            let host = columns["srv_addr", fields] ?? ""
            let port = columns["srv_port", fields] ?? "0"
            rows.append(
                Row(
                    backend: backend, server: server, address: "\(host):\(port)", weight: weight,
                    administration: ServersState.administration(administration),
                    operation: ServersState.operation(operation),
                    hasAgent: columns["srv_agent_state", fields].flatMap { Int($0) }.map { $0 & 2 != 0 } ?? false))
        }
        self.rows = rows
    }

    /// Bits of `srv_admin_state`: 1, 2, 4, 32 are kinds of maintenance, 8 and 16 of drain.
    private static func administration(_ bits: Int) -> ServerState.Administration {
        if bits & (1 | 2 | 4 | 32) != 0 { return .maint }
        return bits & (8 | 16) != 0 ? .drain : .ready
    }

    private static func operation(_ number: Int) -> ServerState.Operation {
        switch number {
        case 0: .down
        case 1: .starting
        case 3: .stopping
        default: .up
        }
    }
}

/// `show stat`: what is counted, as CSV with a header.
///
/// Source: HAProxy 2.6 management guide, section 9.1.
struct Statistics {
    struct Backend {
        var algorithm: String?
        var cookie: String?
    }

    private(set) var servers: [String: ServerCounters] = [:]
    private(set) var backends: [String: Backend] = [:]

    static func key(_ backend: String, _ server: String) -> String { "\(backend)/\(server)" }

    /// - Throws: `Failure` when the text is not such a table.
    init(_ text: String, from name: LoadBalancerID) throws(Failure) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
        guard let header = lines.first, header.hasPrefix("# pxname") else {
            throw Failure("\(name): `show stat` gave no table", at: name.text, details: [String(text.prefix(200))])
        }
        let columns = Columns(
            header.dropFirst(2).split(separator: ",", omittingEmptySubsequences: false).map(String.init))
        for line in lines.dropFirst() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            guard let proxy = columns["pxname", fields], let server = columns["svname", fields] else { continue }
            func number(_ column: String) -> Int { columns[column, fields].flatMap { Int($0) } ?? 0 }
            if server == "BACKEND" {
                backends[proxy] = Backend(
                    algorithm: columns["algo", fields].flatMap { $0.isEmpty ? nil : $0 },
                    cookie: columns["cookie", fields].flatMap { $0.isEmpty ? nil : $0 })
            } else if server != "FRONTEND" {
                // `req_tot` counts HTTP requests; TCP backends count sessions only.
                let requests = columns["req_tot", fields].flatMap { Int($0) } ?? number("stot")
                servers[Statistics.key(proxy, server)] = ServerCounters(
                    sessions: number("scur"), queued: number("qcur"), rate: number("rate"),
                    requests: max(requests, number("hrsp_5xx")),
                    errors: number("hrsp_5xx") + number("econ") + number("eresp"),
                    responseTime: columns["rtime", fields].flatMap { Int64($0) }.map { Period(milliseconds: $0) })
            }
        }
    }
}

/// Positions of columns by their names.
private struct Columns {
    private let positions: [String: Int]

    init(_ names: [String]) {
        positions = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    subscript(name: String, fields: [String]) -> String? {
        guard let position = positions[name], fields.indices.contains(position) else { return nil }
        return fields[position]
    }
}
