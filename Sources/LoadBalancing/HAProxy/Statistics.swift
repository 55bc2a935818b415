import Migration

/// The lines of `show stat` that rz reads: backends and servers.
struct Statistics: Sendable {
    struct Backend: Sendable, Hashable {
        var algorithm: String?
        var cookie: String?
    }

    struct Server: Hashable, Sendable {
        var backend: String
        var name: String
    }

    private(set) var backends: [String: Backend] = [:]
    private(set) var counters: [Server: ServerCounters] = [:]

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
        for row in rows.dropFirst() where row.count > 1 {
            func text(_ name: String) -> String? {
                guard let column = columns[name], column < row.count, !row[column].isEmpty else { return nil }
                return row[column]
            }
            func number(_ name: String) throws(MalformedReply) -> Int {
                guard let text = text(name) else { return 0 }
                guard let number = Int(text), (0...Statistics.largestCounter).contains(number) else {
                    throw MalformedReply("\(name) is no counter that a load balancer can reach")
                }
                return number
            }
            guard let backend = text("pxname"), let name = text("svname") else {
                throw MalformedReply("a line names no backend or no server")
            }
            if name == "BACKEND" {
                backends[backend] = Backend(algorithm: text("algo"), cookie: text("cookie"))
            } else if name != "FRONTEND" {
                counters[Server(backend: backend, name: name)] = try Statistics.counters(
                    isHTTP: text("mode") != "tcp", number)
            }
        }
    }

    /// Ninety years of a hundred thousand requests a second; the sum of all servers' still fits.
    private static let largestCounter = 1 << 47

    private static func counters(
        isHTTP: Bool, _ number: (String) throws(MalformedReply) -> Int
    ) throws(MalformedReply) -> ServerCounters {
        let failed = try number("econ") + number("eresp")
        // Of HTTP, `stot` counts each attempt at a connection too, and `req_tot` only what was answered.
        let requests = try isHTTP ? number("req_tot") + failed : number("stot")
        // In milliseconds: a month is none.
        let responseTime = try min(number("rtime"), Int(Int32.max))
        return ServerCounters(
            sessions: try number("scur"), queued: try number("qcur"), rate: try number("rate"), requests: requests,
            errors: try number("hrsp_5xx") + failed,
            responseTime: requests > 0 && responseTime > 0 ? Period(milliseconds: Int64(responseTime)) : nil)
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
