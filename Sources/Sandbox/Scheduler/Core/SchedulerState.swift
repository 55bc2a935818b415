import JSON

/// The whole scheduler as a value: events go in, commands come out, nothing is done here.
///
/// It follows Marathon 1.11: an accepted change becomes a deployment, a deployment's steps make definitions effective,
/// and each effective definition is kept up by launching and ending tasks.
struct SchedulerState: Sendable {
    /// Empty while no Mesos master has given one.
    var frameworkID: String
    /// Apps and pods, which share one tree of ids.
    var apps: [PathID: AppRecord] = [:]
    /// All groups, the root included.
    var groups: [PathID: GroupRecord] = [.root: GroupRecord()]
    /// The latest changes of the tree, oldest first.
    var revisions: [Revision] = []
    var tasks: [String: TaskRecord] = [:]
    /// Task ids of each app in the order of their launch.
    var tasksByApp: [PathID: [String]] = [:]
    var deployments: [Deployment] = []
    var queue: [PathID: PendingLaunch] = [:]
    var agents: [Agent] = []
    /// The version of the last accepted change.
    var version: Timestamp
    /// Grows with every change that must survive a crash.
    private(set) var revision = 0

    /// Apps to look at before the next command is given out.
    var attention: Set<PathID> = []
    var dying: Set<String> = []
    var identifiers: IdentifierGenerator
    private var outbox: [Command] = []
    var offersChanged = false

    static let maximumDeployments = 100
    /// How long a declined offer stays away, like Mesos' allocation interval.
    static let offerInterval = 0.5

    init(frameworkID: String, seed: UInt64, at now: Timestamp) {
        identifiers = IdentifierGenerator(seed: seed)
        self.frameworkID = frameworkID
        version = now
    }

    /// Takes one event in and returns what is to be done about it.
    mutating func handle(_ event: SchedulerEvent, at now: Timestamp) -> [Command] {
        switch event {
        case .tick: tick(now)
        case .agents(let agents):
            self.agents = agents
            offersChanged = true
            attention.formUnion(queue.keys)
        case .offers(let offers): offered(offers)
        case .offersGone:
            for index in agents.indices { agents[index].hasOffer = false }
        case .registered(let framework):
            frameworkID = framework ?? ""
            markDurableChange()
        case .started(let id, let process): started(id, process, now)
        case .adopted(let id, let process): adopted(id, process, now)
        case .unlaunched(let id): unlaunched(id, now)
        case .exited(let id, let exit): exited(id, exit, now)
        case .probed(let id, let check, let failure): probed(id, check, failure, now)
        }
        let commands = settle(now)
        // Apps that wait for room are looked at again by the tick, so it is the tick that uses the news up.
        if case .tick = event { offersChanged = false }
        return commands
    }

    /// Brings deployments and apps as far as they can go now, and empties the outbox.
    mutating func settle(_ now: Timestamp) -> [Command] {
        advance(now)
        defer { outbox = [] }
        return outbox
    }

    mutating func emit(_ command: Command) {
        outbox.append(command)
    }

    mutating func publish(_ type: String, at now: Timestamp, _ fields: [(String, JSON)]) {
        emit(.publish(ServerEvent(type, at: now, fields)))
    }

    mutating func markDurableChange() {
        revision += 1
    }

    func tasks(of app: PathID) -> [TaskRecord] {
        (tasksByApp[app] ?? []).compactMap { tasks[$0] }
    }

    /// The instances of an app or pod in the order of their launch.
    func instances(of app: PathID) -> [Instance] {
        var instances: [Instance] = []
        for task in tasks(of: app) {
            if task.container != nil, let last = instances.last, last.id == task.instanceID {
                instances[instances.count - 1] = Instance(id: last.id, tasks: last.tasks + [task])
            } else {
                instances.append(Instance(id: task.instanceID, tasks: [task]))
            }
        }
        return instances
    }

    /// The record of an app, not of a pod.
    func app(_ id: PathID) -> AppRecord? {
        apps[id].flatMap { $0.definition.kind == .app ? $0 : nil }
    }

    /// The record of a pod.
    func pod(_ id: PathID) -> AppRecord? {
        apps[id].flatMap { $0.definition.kind == .pod ? $0 : nil }
    }

    /// The ids of one kind, in order.
    func ids(of kind: AppDefinition.Kind) -> [PathID] {
        apps.filter { $0.value.definition.kind == kind }.keys.sorted()
    }

    /// The variables that every task on a task's agent gets.
    func environment(of task: TaskRecord) -> [String: String] {
        agents.first { $0.server == task.server }?.environment ?? [:]
    }

    /// What an agent has is what it offers and what the tasks here already take of it.
    private mutating func offered(_ offers: [Agent]) {
        for var agent in offers {
            for task in tasks.values where task.server == agent.server {
                agent.resources = agent.resources + task.resources
            }
            if let index = agents.firstIndex(where: { $0.server == agent.server }) {
                agents[index] = agent
            } else {
                agents.append(agent)
            }
        }
        offersChanged = true
        attention.formUnion(queue.keys)
    }

    private mutating func tick(_ now: Timestamp) {
        attention.formUnion(queue.keys)
        for id in dying {
            guard let task = tasks[id], let deadline = task.killDeadline, deadline <= now else { continue }
            tasks[id]?.killDeadline = now.adding(seconds: 1)
            emit(.end(task, force: true))
        }
    }
}

/// Identifiers in the form of UUIDs from a seed, so that the core stays a function of its input.
struct IdentifierGenerator: Sendable {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> String {
        let digits = Array((hexadecimal() + hexadecimal()))
        let groups = [digits[0..<8], digits[8..<12], digits[12..<16], digits[16..<20], digits[20..<32]]
        return groups.map { String($0) }.joined(separator: "-")
    }

    /// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
    private mutating func hexadecimal() -> String {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        let digits = String(word ^ (word >> 31), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
