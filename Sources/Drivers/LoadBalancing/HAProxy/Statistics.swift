import Migration

/// The lines of `show stat` that rz reads: backends and servers.
struct Statistics: Sendable {
    struct Backend: Sendable, Hashable {
        var algorithm: String?
        var cookie: String?
        var isTCP = false
        /// What HAProxy counted for the backend and for none of its servers.
        var own = ServerCounters()
    }

    struct Server: Hashable, Sendable {
        var backend: String
        var name: String
    }

    /// What a server's line reports beside its counters.
    struct Nature: Sendable, Hashable {
        var check: ServerState.Check
        var isBackup: Bool
        /// Whether it listens at a UNIX socket, which the server state does not show.
        var isLocal: Bool
        /// Whether one failed check takes it out (`fall 1`).
        var fallsAtOnce: Bool
    }

    /// Of backends and servers only: 2 + 4.
    static let question = "show stat -1 6 -1"

    private(set) var backends: [String: Backend] = [:]
    private(set) var counters: [Server: ServerCounters] = [:]
    private(set) var natures: [Server: Nature] = [:]

    /// Reads the CSV. Columns are found by name: each version adds some.
    ///
    /// Source: HAProxy 2.6 management guide, section 9.1.
    ///
    /// - Throws: `MalformedReply` when it is none of HAProxy's.
    init(_ text: String) throws(MalformedReply) {
        let rows = try commaSeparatedValues(text)
        guard let header = rows.first, header.first == "# pxname" else {
            throw MalformedReply("it does not begin as statistics do")
        }
        var columns = Dictionary(header.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        columns["pxname"] = 0
        var sums: [String: Sum] = [:]
        for row in rows.dropFirst() where row.count > 1 {
            let line = Line(columns: columns, cells: row)
            guard let backend = line.text("pxname"), let name = line.text("svname") else {
                throw MalformedReply("a line names no backend or no server")
            }
            if name == "BACKEND" {
                backends[backend] = Backend(
                    algorithm: line.text("algo"), cookie: line.text("cookie"), isTCP: line.text("mode") == "tcp",
                    own: try line.counters(besides: sums[backend, default: Sum()]))
            } else if name != "FRONTEND" {
                let server = Server(backend: backend, name: name)
                counters[server] = try line.counters()
                natures[server] = try line.nature()
                try sums[backend, default: Sum()].add(line)
            }
        }
    }
}

/// What a backend's servers counted together.
private struct Sum {
    var sessions = 0
    var unconnected = 0
    var broken = 0

    mutating func add(_ line: Line) throws(MalformedReply) {
        sessions += try line.number("scur")
        unconnected += try line.number("econ")
        broken += try line.number("eresp")
    }
}

/// One line, its cells by the names of their columns.
private struct Line {
    let columns: [String: Int]
    let cells: [String]

    func text(_ name: String) -> String? {
        guard let column = columns[name], column < cells.count, !cells[column].isEmpty else { return nil }
        return cells[column]
    }

    func number(_ name: String) throws(MalformedReply) -> Int {
        guard let text = text(name) else { return 0 }
        guard let number = Int(text), (0...Line.largestCounter).contains(number) else {
            throw MalformedReply("\(name) is no counter that a load balancer can reach")
        }
        return number
    }

    /// Ninety years of a hundred thousand requests a second; the sum of all servers' still fits.
    private static let largestCounter = 1 << 47

    /// The counters of a server.
    func counters() throws(MalformedReply) -> ServerCounters {
        // An attempt that was repeated or sent elsewhere is in `wretr` or `wredis`, of a repeated request in both, and
        // from 2.8 on in `eresp`, too. Only their sum would count it twice: the largest of the three never misses more
        // than it. Where no other server can be tried, 2.6 and 2.8 themselves count a broken response twice.
        let failed = try number("econ") + max(number("eresp"), number("wretr"), number("wredis"))
        // Of HTTP, `stot` counts each attempt at a connection too, and `req_tot` only what was answered.
        let isHTTP = text("mode") != "tcp"
        let requests = try isHTTP ? number("req_tot") + failed : number("stot")
        // In milliseconds: a month is none.
        let responseTime = try min(number("rtime"), Int(Int32.max))
        return ServerCounters(
            sessions: try number("scur"), queued: try number("qcur"), rate: try number("rate"), requests: requests,
            errors: try number("hrsp_5xx") + failed, clientErrors: try number("hrsp_4xx"),
            redirects: try number("hrsp_3xx"), begun: try number("stot"), bytesOut: try number("bout"),
            responseTime: requests > 0 && responseTime > 0 ? Period(milliseconds: Int64(responseTime)) : nil)
    }

    /// The counts that only the line of a backend has: requests that no server was there for, that waited
    /// in the queue until it was too late, or that wait there now. Each of the former was answered with an error.
    func counters(besides servers: Sum) throws(MalformedReply) -> ServerCounters {
        let errors =
            max(0, try number("econ") - servers.unconnected) + max(0, try number("eresp") - servers.broken)
        return ServerCounters(
            sessions: max(0, try number("scur") - servers.sessions), queued: try number("qcur"), requests: errors,
            errors: errors)
    }

    func nature() throws(MalformedReply) -> Statistics.Nature {
        let fallsAtOnce = text("check_fall") == "1"
        return Statistics.Nature(
            check: HealthCheck.read(
                status: text("status") ?? "", last: text("check_status"), fallsAtOnce: fallsAtOnce,
                sinceChange: try number("lastchg")), isBackup: text("bck") == "1", isLocal: text("addr") == "unix",
            fallsAtOnce: fallsAtOnce)
    }
}

/// HAProxy 3.2 has about a hundred columns.
private let mostColumns = 1000

/// Rows of CSV (RFC 4180): quoted cells may hold commas, newlines and doubled quotes.
private func commaSeparatedValues(_ text: String) throws(MalformedReply) -> [[String]] {
    var rows: [[String]] = []
    var row: [String] = []
    var cell: [UInt8] = []
    var isQuoted = false
    var lastWasQuote = false
    func isSeparator(_ byte: UInt8) -> Bool { byte == 44 || byte == 10 }
    for byte in text.utf8 {
        if byte == 34 {
            // Inside quotes a doubled quote stands for one: the second one opens again what the first one closed.
            if !isQuoted, lastWasQuote { cell.append(34) }
            lastWasQuote = isQuoted
            isQuoted.toggle()
        } else if !isQuoted, isSeparator(byte) {
            row.append(String(decoding: cell, as: UTF8.self))
            guard row.count <= mostColumns else { throw MalformedReply("a line has more than \(mostColumns) columns") }
            cell.removeAll(keepingCapacity: true)
            lastWasQuote = false
            if byte == 10 {
                rows.append(row)
                guard rows.count <= MalformedReply.mostServers + 1 else {
                    throw MalformedReply("it has more than \(MalformedReply.mostServers) lines")
                }
                row = []
            }
        } else {
            cell.append(byte)
            lastWasQuote = false
        }
    }
    return rows
}
