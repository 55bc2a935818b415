import Migration
import Transport

/// Who talks to servers.
///
/// Source: HAProxy 2.6 management guide, section 9.3 (`show sess`, `show sess ID`). `show sess` has all but the bytes in
/// 280 bytes a session, a question about one has them in 1,300 to 4,000; `show sess all`, which has everything, took five
/// times as long as `show sess` with 3,000 sessions (measured on 2.6.12 to 3.2.26).
extension HAProxyRuntime {
    public func observeSessions(
        of servers: [ListedServer], detailed: Int
    ) async throws(Failure) -> OpenSessions {
        guard !servers.isEmpty else { return OpenSessions() }
        let switches = try switches()
        let wanted = Set(servers.map { server in place(of: server, switches) })
        let socket = try socket()
        let now = try await SessionTable(socket, prefix: "").observe(of: wanted)
        var processes: [(pid: Int?, table: SessionTable)] = [(nil, now)]
        var unknown: [String] = []
        if let workers = try oldWorkers() {
            do throws(Failure) {
                for (pid, table) in try await workers.tables() {
                    processes.append((pid, try await table.observe(of: wanted)))
                }
            } catch {
                unknown.append("\(name): sessions of before a reload are not known: \(error.summary)")
            }
        }
        return try await sessions(of: processes, detailed).with(unknown)
    }

    private func place(of server: ListedServer, _ switches: [MapSwitch]) -> ListedServer {
        let place = switches.first { $0.name == server.backend }?.place(of: server.name)
        return place.map { ListedServer(backend: $0.backend, name: $0.server) } ?? server
    }

    /// The oldest of all processes, with what only a question about each tells.
    private func sessions(
        of processes: [(pid: Int?, table: SessionTable)], _ detailed: Int
    ) async throws(Failure) -> OpenSessions {
        var all = OpenSessions()
        for (pid, table) in processes {
            // Those without an age come first, and only that shows how old they are.
            let number = max(detailed, min(1000, table.lines.count { $0.age == nil }))
            let details = try await table.details(number)
            let sessions = table.lines.enumerated().compactMap { index, line -> OpenSession? in
                // One that was asked for and has ended is none any more.
                if index < number, details[line.id] == nil, !line.id.isEmpty { return nil }
                let detail = details[line.id]
                return OpenSession(
                    loadBalancer: name, backend: line.server.backend, server: line.server.name,
                    frontend: line.frontend, client: line.client, age: line.age ?? detail?.age,
                    bytesIn: detail?.bytesIn, bytesOut: detail?.bytesOut, oldProcess: pid)
            }
            all = all + OpenSessions(sessions, more: table.more)
        }
        return all
    }
}

extension OpenSessions {
    fileprivate func with(_ unknown: [String]) -> OpenSessions { self + OpenSessions(unknown: unknown) }
}

/// The sessions of one process of HAProxy.
struct SessionTable: Sendable {
    private let socket: RuntimeSocket
    /// What addresses the process: `@!PID ` at a master's socket.
    private let prefix: String
    /// At most `OpenSessions.limit`: those that HAProxy lists first, of each of its threads those that began first. Those
    /// without an age come first, then the oldest.
    private(set) var lines: [SessionLine] = []
    private(set) var more = 0

    init(_ socket: RuntimeSocket, prefix: String) {
        self.socket = socket
        self.prefix = prefix
    }

    /// The same with its sessions at these servers.
    func observe(of servers: Set<ListedServer>) async throws(Failure) -> SessionTable {
        var lines: [SessionLine] = []
        var more = 0
        var isDenied = false
        try await socket.readLines(of: prefix + "show sess") { line in
            if line.hasPrefix("Permission denied") { isDenied = true }
            guard let session = SessionLine(line), servers.contains(session.server) else { return }
            if lines.count < OpenSessions.limit { lines.append(session) } else { more += 1 }
        }
        if isDenied {
            throw Failure(
                "\(socket.name) does not show sessions", at: socket.address.description,
                details: ["Permission denied"], advice: RuntimeReply.advice(for: "Permission denied"))
        }
        var table = self
        table.lines = lines.sorted { one, other in
            guard let first = one.age, let second = other.age else { return one.age == nil && other.age != nil }
            return first > second
        }
        table.more = more
        return table
    }

    struct Known: Sendable {
        var age: Period?
        var bytesIn: Int?
        var bytesOut: Int?
    }

    /// What is known besides of the oldest, by their ids.
    func details(_ number: Int) async throws(Failure) -> [String: Known] {
        var known: [String: Known] = [:]
        let asked = lines.prefix(number).filter { !$0.id.isEmpty }
        for start in stride(from: 0, to: asked.count, by: 200) {
            let some = asked.dropFirst(start).prefix(200)
            let line = ([HAProxyClock.question] + some.map { "show sess \($0.id)" }).map { prefix + $0 }
                .joined(separator: ";")
            let answer = try await socket.answer(to: line)
            let now = HAProxyClock.now(in: answer.firstLine[...])
            let lines = Dictionary(some.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
            for detail in SessionDetail.all(in: answer) {
                // Its id may be that of another session by now.
                guard let line = lines[detail.id], line.server == detail.server,
                    line.client == detail.client || detail.client.isEmpty
                else {
                    continue
                }
                let age = now.flatMap { now in detail.began.map { Period.seconds(max(0, now - $0)) } }
                known[detail.id] = Known(age: age, bytesIn: detail.bytesIn, bytesOut: detail.bytesOut)
            }
        }
        return known
    }
}
