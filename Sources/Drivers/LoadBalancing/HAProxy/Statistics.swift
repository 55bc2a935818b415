import Migration

/// The lines of `show stat` that rz reads: backends and servers, and of old processes frontends, too.
struct Statistics: Sendable {
    struct Backend: Sendable, Hashable {
        var algorithm: String?
        var cookie: String?
        var isTCP = false
        /// What HAProxy counted for the backend and for none of its servers.
        var own = ServerCounters()
        /// Seconds since it went up or down, or since it is there.
        var sinceChange = 0
        /// What it had at a time at most.
        var load = BackendLoad(peakSessions: 0, peakRate: 0)
        /// The most requests that waited for any of its servers at a time.
        var peakQueue = 0
        /// With so many sessions `minconn` gives servers their whole `maxconn`; nil where there is none.
        var fullconn: Int?
    }

    typealias Server = ListedServer

    /// What a server's line reports beside its counters.
    struct Nature: Sendable, Hashable {
        var check: ServerState.Check
        var isBackup: Bool
        /// Whether it listens at a UNIX socket, which the server state does not show.
        var isLocal: Bool
        /// Whether one failed check takes it out (`fall 1`).
        var fallsAtOnce: Bool
        var load: ServerLoad
        /// Whether requests of HTTP may be sent to it.
        var takesUsers: Bool
    }

    /// Of backends and servers only: 2 + 4.
    static let question = "show stat -1 6 -1"
    /// Of frontends, too: 1 + 2 + 4.
    static let questionToOld = "show stat -1 7 -1"

    private(set) var backends: [String: Backend] = [:]
    private(set) var counters: [Server: ServerCounters] = [:]
    private(set) var natures: [Server: Nature] = [:]
    /// Connections of clients in `mode http`, and sessions that backends have of it.
    private var (clients, served) = (0, 0)

    /// Clients who are between two requests. One of HTTP/2 with several requests under way hides as many others.
    var waitingClients: Int { max(0, clients - served) }

    /// Reads the CSV. Columns are found by name: each version adds some.
    ///
    /// Source: HAProxy 2.6 management guide, section 9.1.
    ///
    /// - Throws: `MalformedReply` when it is none of HAProxy's.
    init(_ text: String) throws(MalformedReply) {
        var row = Row(Array(text.utf8))
        guard try row.readValues(), row.value(.first) == "# pxname" else {
            throw MalformedReply("it does not begin as statistics do")
        }
        let columns = StatisticsColumns(Columns(row.cells.indices.map { row.value(Column(name: "", place: $0)) ?? "" }))
        var sums: [String: Sum] = [:]
        var lines = 1
        while try row.readValues() {
            lines += 1
            guard lines <= MalformedReply.mostServers + 1 else {
                throw MalformedReply("it has more than \(MalformedReply.mostServers) lines")
            }
            guard row.cells.count > 1 else { continue }
            let line = Line(columns: columns, row: row)
            guard let backend = row.value(.first), let name = row.value(columns.svname) else {
                throw MalformedReply("a line names no backend or no server")
            }
            if name == "BACKEND" {
                backends[backend] = Backend(
                    algorithm: row.value(columns.algo), cookie: row.value(columns.cookie), isTCP: line.isTCP,
                    own: try line.counters(besides: sums[backend, default: Sum()]),
                    sinceChange: try line.number(columns.lastchg),
                    load: BackendLoad(
                        peakSessions: try line.number(columns.smax), peakRate: try line.number(columns.rateMax)),
                    peakQueue: try line.number(columns.qmax), fullconn: try line.limit())
                if !line.isTCP { served += try line.number(columns.scur) }
            } else if name == "FRONTEND" {
                if !line.isTCP { clients += try line.number(columns.scur) }
            } else {
                let server = Server(backend: backend, name: name)
                counters[server] = try line.counters()
                natures[server] = try line.nature()
                try sums[backend, default: Sum()].add(line)
            }
        }
    }
}

extension Statistics {
    /// Without what was counted before.
    func without(
        _ backends: [String: ServerCounters], _ servers: [Server: ServerCounters]
    ) -> Statistics {
        var news = self
        for (name, given) in backends { news.backends[name]?.own.subtract(given) }
        for (server, given) in servers { news.counters[server]?.subtract(given) }
        return news
    }
}

extension Set<ErrorClass> {
    /// In `mode tcp` it reads no answers.
    static func ofHAProxy(isTCP: Bool) -> Set<ErrorClass> {
        isTCP ? ErrorClass.ofConnections : Set(ErrorClass.allCases)
    }
}

/// What a backend's servers counted together.
private struct Sum {
    var sessions = 0
    var unconnected = 0
    var broken = 0

    mutating func add(_ line: Line) throws(MalformedReply) {
        sessions += try line.number(line.columns.scur)
        unconnected += try line.number(line.columns.econ)
        broken += try line.number(line.columns.eresp)
    }
}

/// One line, its cells by the names of their columns.
private struct Line {
    let columns: StatisticsColumns
    let row: Row

    var isTCP: Bool { row.value(columns.mode) == "tcp" }

    func number(_ column: Column) throws(MalformedReply) -> Int {
        guard let cell = row.unquoted(column), !cell.isEmpty else { return 0 }
        guard let number = Row.number(cell), (0...Line.largestCounter).contains(number) else {
            throw MalformedReply("\(column.name) is no counter that a load balancer can reach")
        }
        return number
    }

    /// Ninety years of a hundred thousand requests a second; the sum of all servers' still fits.
    private static let largestCounter = 1 << 47

    /// The counters of a server.
    func counters() throws(MalformedReply) -> ServerCounters {
        // An attempt that was repeated or sent elsewhere is in `wretr` or `wredis`, of a repeated request in both, and
        // from 2.8 on in `eresp`, too. Only their sum would count it twice: the largest of the three never misses more
        // than it. Where no other server can be tried, HAProxy itself counts some twice: 2.6 each retry, 2.8 to 3.2 a
        // connection that ended before the response, 3.2 a response that is none (2.6.12, 2.8.25, 3.0.11, 3.2.26, measured).
        let failed =
            try number(columns.econ) + max(number(columns.eresp), number(columns.wretr), number(columns.wredis))
        // Of HTTP, `stot` counts each attempt at a connection too, and `req_tot` only what was answered.
        let isHTTP = !isTCP
        let requests = try isHTTP ? number(columns.reqTot) + failed : number(columns.stot)
        // In milliseconds: a month is none.
        let responseTime = try min(number(columns.rtime), Int(Int32.max))
        return ServerCounters(
            sessions: try number(columns.scur), queued: try number(columns.qcur), rate: try number(columns.rate),
            requests: requests,
            errors: try number(columns.hrsp5xx) + failed, clientErrors: try number(columns.hrsp4xx),
            redirects: try number(columns.hrsp3xx), begun: try number(columns.stot), bytesOut: try number(columns.bout),
            responseTime: requests > 0 && responseTime > 0 ? Period(milliseconds: Int64(responseTime)) : nil,
            errorCounts: ErrorCounts(
                server: try number(columns.hrsp5xx), connection: try number(columns.econ),
                response: try number(columns.eresp), retries: try number(columns.wretr),
                redispatches: try number(columns.wredis)))
    }

    /// The counts that only the line of a backend has: requests that no server was there for, that waited
    /// in the queue until it was too late, or that wait there now. Each of the former was answered with an error.
    func counters(besides servers: Sum) throws(MalformedReply) -> ServerCounters {
        let counts = ErrorCounts(
            connection: max(0, try number(columns.econ) - servers.unconnected),
            response: max(0, try number(columns.eresp) - servers.broken))
        let errors = counts.connection + counts.response
        return ServerCounters(
            sessions: max(0, try number(columns.scur) - servers.sessions), queued: try number(columns.qcur),
            requests: errors, errors: errors, errorCounts: counts)
    }

    func nature() throws(MalformedReply) -> Statistics.Nature {
        let fallsAtOnce = row.value(columns.checkFall) == "1"
        let status = row.value(columns.status) ?? ""
        let isIn = try number(columns.weight) > 0 && !status.hasPrefix("MAINT") && !status.hasPrefix("DRAIN")
        return Statistics.Nature(
            check: HealthCheck.read(
                status: status, last: row.value(columns.checkStatus), fallsAtOnce: fallsAtOnce,
                sinceChange: try number(columns.lastchg)), isBackup: row.value(columns.bck) == "1",
            isLocal: row.value(columns.addr) == "unix",
            fallsAtOnce: fallsAtOnce,
            load: ServerLoad(
                limit: try limit(), peakSessions: try number(columns.smax), peakRate: try number(columns.rateMax)),
            takesUsers: isIn && !isTCP)
    }

    /// `maxconn` of a server, `fullconn` of a backend; HAProxy leaves it out where there is none.
    func limit() throws(MalformedReply) -> Int? {
        let limit = try number(columns.slim)
        return limit > 0 ? limit : nil
    }
}

/// HAProxy's names of the columns that are read.
private struct StatisticsColumns {
    let svname, mode, algo, cookie, status, weight, lastchg, checkStatus, checkFall, bck, addr: Column
    let scur, qcur, rate, stot, reqTot, bout, rtime: Column
    let slim, smax, qmax, rateMax: Column
    let econ, eresp, wretr, wredis, hrsp3xx, hrsp4xx, hrsp5xx: Column

    init(_ columns: Columns) {
        svname = columns["svname"]
        mode = columns["mode"]
        algo = columns["algo"]
        cookie = columns["cookie"]
        status = columns["status"]
        weight = columns["weight"]
        lastchg = columns["lastchg"]
        checkStatus = columns["check_status"]
        checkFall = columns["check_fall"]
        bck = columns["bck"]
        addr = columns["addr"]
        scur = columns["scur"]
        qcur = columns["qcur"]
        rate = columns["rate"]
        stot = columns["stot"]
        reqTot = columns["req_tot"]
        bout = columns["bout"]
        rtime = columns["rtime"]
        slim = columns["slim"]
        smax = columns["smax"]
        qmax = columns["qmax"]
        rateMax = columns["rate_max"]
        econ = columns["econ"]
        eresp = columns["eresp"]
        wretr = columns["wretr"]
        wredis = columns["wredis"]
        hrsp3xx = columns["hrsp_3xx"]
        hrsp4xx = columns["hrsp_4xx"]
        hrsp5xx = columns["hrsp_5xx"]
    }
}
