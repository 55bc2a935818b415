/// What a second run of a playbook changed, judged by the declared exceptions.
///
/// A handler may change something where it is declared itself, or where every task that notified it on that server is
/// declared: then it is their consequence.
public struct IdempotenceVerdict: Sendable, Hashable {
    /// What one exception stood for.
    public struct Use: Sendable, Hashable {
        public var exception: IdempotenceException
        public var changes = 0
        /// Of handlers that only declared tasks notified.
        public var consequences = 0
        public var servers: Set<String> = []
        /// Whether any task that it means was met at all.
        public var isMet = false
    }

    /// In the order of the declaration.
    public let uses: [Use]
    /// What no exception covers, a line each: `blue-agent-1: Start docker`.
    public let undeclared: [String]

    public init(_ result: ConfigurationResult, exceptions: [IdempotenceException]) {
        var uses = exceptions.map { exception in
            Use(exception: exception, isMet: result.tasks.contains(where: exception.subject.means))
        }
        var undeclared: [String] = []
        /// By host: each change so far with the exception that covers it.
        var seen: [String: [(change: ConfigurationChange, cover: Int?)]] = [:]
        for change in result.changes {
            let own = exceptions.firstIndex { $0.subject.means(change.task) }
            let cover = own ?? IdempotenceVerdict.notifier(of: change, among: seen[change.host, default: []])
            if let cover {
                uses[cover].isMet = true
                uses[cover].servers.insert(change.host)
                if own == nil { uses[cover].consequences += 1 } else { uses[cover].changes += 1 }
            } else {
                undeclared.append("\(change.host): \(change.task.name)")
            }
            seen[change.host, default: []].append((change, cover))
        }
        // No exception covers what the statistics count and no event reports.
        for (host, count) in result.changed.sorted(by: { $0.key < $1.key }) {
            let rest = count - seen[host, default: []].count
            if rest > 0 { undeclared.append("\(host): \(rest) \(rest == 1 ? "change" : "changes")") }
        }
        self.uses = uses
        self.undeclared = undeclared
    }

    /// The exception that covers all tasks which notified a handler on its server; nil if one of them has none.
    private static func notifier(
        of change: ConfigurationChange, among seen: [(change: ConfigurationChange, cover: Int?)]
    ) -> Int? {
        guard change.task.isHandler else { return nil }
        let notifiers = seen.filter { !$0.change.notifies.isDisjoint(with: change.task.names) }
        guard let first = notifiers.first, notifiers.allSatisfy({ $0.cover != nil }) else { return nil }
        return first.cover
    }

    /// What a step says of its second run, for people.
    public var summary: String {
        let used = uses.filter { !$0.servers.isEmpty }
        guard !used.isEmpty else { return "second run changed nothing" }
        let changes = used.map { $0.changes + $0.consequences }.reduce(0, +)
        return "second run changed only what is declared: \(counted(changes, "change")) by "
            + counted(used.count, "exception")
    }

    /// A line for each exception, used or not, for the journal.
    public var notes: [String] { uses.map(\.note) }
}

extension IdempotenceVerdict.Use {
    fileprivate var note: String {
        guard !servers.isEmpty else {
            let why =
                isMet
                ? "changed nothing in the second run" : "was not met in the second run; look for a mistyped name"
            return
                "idempotence exception not needed: \(exception.subject) \(why). Declared because: \(exception.reason)"
        }
        let handlers = consequences == 0 ? "" : " and \(counted(consequences, "handler")) that it notified"
        return "idempotence exception used: \(exception.subject)\(handlers), "
            + "\(counted(changes + consequences, "change")) on \(counted(servers.count, "server")), "
            + "because: \(exception.reason)"
    }
}

private func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

extension IdempotenceException.Subject: CustomStringConvertible {
    public var description: String {
        switch self {
        case .task(let name): "task “\(name)”"
        case .tag(let name): "tag “\(name)”"
        }
    }

    public func means(_ task: ConfigurationTask) -> Bool {
        switch self {
        case .task(let name): task.names.contains(name)
        case .tag(let name): task.tags.contains(name)
        }
    }
}
