import Migration
import Transport

/// Processes from before a reload, which still serve the sessions that they had, and which only their master can be asked
/// about.
///
/// Source: HAProxy 2.6 management guide, section 9.4 (`show proc`, `@!PID`); that the master ends a connection only when
/// no more comes, that an old worker answers questions and changes no server was measured on 2.6.12 to 3.2.26.
struct OldWorkers: Sendable {
    private let socket: RuntimeSocket

    init(_ socket: RuntimeSocket) {
        var socket = socket
        socket.endsWriting = true
        self.socket = socket
    }

    /// What each of them counts, by its pid.
    func observe() async throws(Failure) -> [Int: Statistics] {
        var workers: [Int: Statistics] = [:]
        for pid in try await pids() {
            let answer = try await socket.answer(to: "@!\(pid) \(Statistics.questionToOld)")
            // One that ended meanwhile has nothing left.
            if let statistics = try? Statistics(answer) { workers[pid] = statistics }
        }
        return workers
    }

    /// Where the sessions of each are asked for, in the order of their pids.
    func tables() async throws(Failure) -> [(pid: Int, table: SessionTable)] {
        try await pids().sorted().map { ($0, SessionTable(socket, prefix: "@!\($0) ")) }
    }

    /// Ends their sessions with these servers, one by one: an old worker refuses `shutdown sessions server`.
    func endSessions(with servers: Set<Statistics.Server>) async throws(Failure) {
        for (pid, table) in try await tables() {
            // However many there are, so many are known at a time.
            for _ in 0..<10 {
                let found = try await table.observe(of: servers)
                let ids = found.lines.map(\.id).filter { !$0.isEmpty }
                for start in stride(from: 0, to: ids.count, by: 200) {
                    let some = ids[start..<min(ids.count, start + 200)]
                    _ = try await socket.answer(
                        to: some.map { "@!\(pid) shutdown session \($0)" }.joined(separator: ";"))
                }
                if found.more == 0 { break }
            }
        }
    }

    private func pids() async throws(Failure) -> [Int] {
        let answer = try await processes()
        guard let pids = OldWorkers.pids(in: answer) else {
            throw Failure(
                "\(socket.name)'s master answered something else than its processes", at: socket.address.description,
                details: [String(answer.firstLine.prefix(200))],
                advice: "Name the socket that HAProxy was started with (`-S`).")
        }
        return pids
    }

    /// A master that was asked to reload starts again itself, and refuses connections for some milliseconds.
    private func processes() async throws(Failure) -> String {
        for _ in 0..<2 {
            let start = ContinuousClock.now
            do throws(Failure) {
                return try await socket.answer(to: "show proc")
            } catch {
                // One that is stuck is not waited for again.
                guard error.kind == .transient, ContinuousClock.now - start < .milliseconds(100) else { throw error }
                do { try await Task.sleep(for: .milliseconds(100)) } catch { throw .cancelled }
            }
        }
        return try await socket.answer(to: "show proc")
    }

    /// Nil for what is no answer to `show proc`.
    static func pids(in answer: String) -> [Int]? {
        let lines = answer.utf8.split(separator: 10).map { Substring($0) }
        guard lines.first?.hasPrefix("#<PID>") == true else { return nil }
        guard let start = lines.firstIndex(of: "# old workers") else { return [] }
        return lines[(start + 1)...].prefix { !$0.hasPrefix("#") }.compactMap { line in
            let words = line.split(separator: " ", maxSplits: 2)
            return words.count > 1 && words[1] == "worker" ? Int(words[0]) : nil
        }
    }
}
