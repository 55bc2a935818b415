import Migration

/// Whether the sources account for everything that runs on a cluster. Mesos does not know how a task was launched, so
/// one that no source knows would silently be left behind.
///
/// Tasks that are starting or unreachable count as running, and so do those of frameworks that are disconnected: Mesos
/// lets them run. A framework without tasks counts while it is connected: it may launch some at any time.
public struct Completeness: Sendable, Hashable {
    /// Tasks of one service of a source's framework, as far as that can be found out, or all of another framework, that no one
    /// claims.
    public struct Unclaimed: Sendable, Hashable {
        public var framework: MesosFramework
        /// The service's id where its framework is a source; else nil.
        public var service: String?
        public var tasks: [String]
    }

    public var unclaimed: [Unclaimed]

    public var isComplete: Bool { unclaimed.isEmpty }

    /// - Parameter ignored: patterns of service ids; for frameworks that are no source, of `FRAMEWORK/TASK NAME`.
    public init(of state: MesosState, claims: [TaskClaim], ignored: [String]) {
        let frameworks = Dictionary(state.frameworks.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let claimsByFramework = Dictionary(grouping: claims, by: \.framework)
        var left: [Key: [String]] = [:]
        for task in state.tasks where !task.state.isTerminal {
            let claims = claimsByFramework[task.framework] ?? []
            let services = claims.map { ($0, $0.service(of: task)) }
            if services.contains(where: { claim, service in service.map { claim.services.contains($0) } ?? false }) {
                continue
            }
            let framework = frameworks[task.framework] ?? MesosFramework(id: task.framework, name: "unknown framework")
            let service = services.lazy.compactMap(\.1).first ?? (task.name.isEmpty ? task.id : task.name)
            let names = services.compactMap(\.1) + ["\(framework.name)/\(task.name)"]
            if ignored.contains(where: { pattern in names.contains { matchesWildcard($0, pattern: pattern) } }) {
                continue
            }
            left[Key(framework: framework, service: claims.isEmpty ? nil : service), default: []].append(task.id)
        }
        let busy = Set(state.tasks.lazy.filter { !$0.state.isTerminal }.map(\.framework))
        for framework in state.frameworks
        where framework.isConnected && claimsByFramework[framework.id] == nil && !busy.contains(framework.id) {
            if !ignored.contains(where: { Completeness.isAbout(framework, $0) }) {
                left[Key(framework: framework, service: nil)] = []
            }
        }
        unclaimed = left.map { Unclaimed(framework: $0.framework, service: $0.service, tasks: $1.sorted()) }
            .sorted { ($0.framework.name, $0.service ?? "") < ($1.framework.name, $1.service ?? "") }
    }

    /// Whether a pattern names tasks of this framework.
    private static func isAbout(_ framework: MesosFramework, _ pattern: String) -> Bool {
        guard let slash = pattern.firstIndex(of: "/") else {
            return matchesWildcard(framework.name + "/", pattern: pattern)
        }
        return matchesWildcard(framework.name, pattern: String(pattern[..<slash]))
    }

    /// One sentence for each service, and for each framework that is no source, with what to do.
    public var sentences: [String] {
        unclaimed.map { left in
            let framework =
                "framework \(left.framework.name) (\(left.framework.id)"
                + (left.framework.isConnected ? ")" : ", disconnected)")
            let tasks =
                switch left.tasks.count {
                case 0: "no task now, and it may launch some at any time"
                case 1: "task \(left.tasks[0])"
                default: "\(left.tasks.count) tasks, such as \(left.tasks[0])"
                }
            guard let service = left.service else {
                return
                    "\(framework) is no source and not ignored: \(tasks). Declare what moves it, in services.sources "
                    + "as `declared` with `tasks: [ \"\(left.framework.name)/*\" ]`, or ignore that in services.ignore"
            }
            return "\(service) of \(framework) is in no source and not ignored: \(tasks); give it a source, or ignore "
                + "it in services.ignore"
        }
    }

    private struct Key: Hashable {
        let framework: MesosFramework
        let service: String?
    }
}
