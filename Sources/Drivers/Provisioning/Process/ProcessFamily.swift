import Glibc

/// A program and what it started: its session, and where that is asked for the sessions that its children began.
///
/// A session is known by its number and by when the process began that leads it, so that a number which was given
/// again is never taken for it.
///
/// Source: ansible-core 2.19, `executor/process/worker.py`: each worker, one a task and host, calls `setsid`.
struct ProcessFamily {
    private let leader: pid_t
    private let followsChildren: Bool
    /// Each session's number, and the start of the process that leads it.
    private var sessions: [pid_t: UInt64] = [:]

    /// - Parameter followsChildren: whether sessions count that a child began. Daemons, which left their parents, are
    ///   left alone.
    init(of leader: pid_t, followsChildren: Bool) {
        self.leader = leader
        self.followsChildren = followsChildren
        if let entry = ProcessTable.entry(of: leader) { sessions[leader] = entry.startTime }
    }

    /// Notes the sessions of the leader's children of this moment.
    mutating func noteChildren() {
        guard followsChildren else { return }
        for child in ProcessTable.children(of: leader) {
            guard let entry = ProcessTable.entry(of: child), entry.session == child else { continue }
            sessions[child] = entry.startTime
        }
    }

    /// Notes the sessions of all descendants of this moment.
    mutating func noteDescendants() {
        guard followsChildren else { return }
        _ = members()
    }

    /// Kills what is left, except the leader itself, which is its parent's to reap.
    mutating func end() async {
        // A process may fork while the table is read, so look until nothing is found; a few rounds are the deadline.
        for _ in 0..<20 {
            let left = members().filter { $0.process != leader && $0.state != "Z" }
            if left.isEmpty { return }
            for member in left { kill(member.process, SIGKILL) }
            await Task.detached { try? await Task.sleep(for: .milliseconds(10)) }.value
        }
    }

    private mutating func members() -> [ProcessTable.Entry] {
        let entries = ProcessTable.entries()
        let starts = Dictionary(entries.map { ($0.process, $0.startTime) }, uniquingKeysWith: { first, _ in first })
        let own = getsid(0)
        func isKnown(_ session: pid_t) -> Bool {
            guard session != own, let start = sessions[session] else { return false }
            return starts[session].map { $0 == start } ?? true
        }
        var found = Set(entries.filter { isKnown($0.session) }.map(\.process))
        guard followsChildren else { return entries.filter { found.contains($0.process) } }
        var grows = true
        while grows {
            grows = false
            for entry in entries where !found.contains(entry.process) && found.contains(entry.parent) {
                found.insert(entry.process)
                grows = true
            }
        }
        let members = entries.filter { found.contains($0.process) }
        for member in members where member.session != own && sessions[member.session] == nil {
            sessions[member.session] = starts[member.session] ?? 0
        }
        return members
    }
}
