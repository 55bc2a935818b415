/// Why an offer can't be used, in the order in which Marathon looks.
enum RejectionReason: String, Sendable, CaseIterable {
    case unfulfilledRole = "UnfulfilledRole"
    case unfulfilledConstraint = "UnfulfilledConstraint"
    case noCorrespondingReservationFound = "NoCorrespondingReservationFound"
    case agentMaintenance = "AgentMaintenance"
    case insufficientCpus = "InsufficientCpus"
    case insufficientMemory = "InsufficientMemory"
    case insufficientDisk = "InsufficientDisk"
    case insufficientGpus = "InsufficientGpus"
    case insufficientPorts = "InsufficientPorts"
    case declinedScarceResources = "DeclinedScarceResources"
}

/// An agent's offer that was turned down.
struct Rejection: Sendable {
    let agent: Agent
    let free: Resources
    let reasons: [RejectionReason]
}

/// What is left on every agent: the source of offers.
struct OfferBook: Sendable {
    private let agents: [Agent]
    private var free: [String: Resources] = [:]
    private var usedPorts: [String: Set<Int>] = [:]

    init(agents: [Agent], tasks: some Sequence<TaskRecord>) {
        self.agents = agents
        for agent in agents { free[agent.server] = agent.resources }
        for task in tasks { occupy(task.server, task.resources, task.ports) }
    }

    /// Finds a place for one more task of `app`, spreading the app's tasks first and the load second.
    func match(
        _ app: AppDefinition, siblings: [TaskRecord]
    ) -> (placement: (agent: Agent, ports: [Int])?, rejections: [Rejection]) {
        var siblingCount: [String: Int] = [:]
        for sibling in siblings { siblingCount[sibling.server, default: 0] += 1 }
        let byServer = Dictionary(agents.map { ($0.server, $0) }, uniquingKeysWith: { first, _ in first })
        let neighbours = siblings.compactMap { byServer[$0.server] }
        let ordered = agents.filter(\.hasOffer).sorted { left, right in
            let mine = (siblingCount[left.server] ?? 0, -(free[left.server]?.cpus ?? 0), left.server)
            return mine < (siblingCount[right.server] ?? 0, -(free[right.server]?.cpus ?? 0), right.server)
        }
        var rejections: [Rejection] = []
        for agent in ordered {
            let left = free[agent.server] ?? Resources()
            var reasons: [RejectionReason] = []
            if !app.acceptsUnreservedResources { reasons.append(.unfulfilledRole) }
            if !app.constraints.allSatisfy({ $0.admits(agent, siblings: neighbours, all: agents) }) {
                reasons.append(.unfulfilledConstraint)
            }
            if left.cpus < app.resources.cpus - 1e-9 { reasons.append(.insufficientCpus) }
            if left.mem < app.resources.mem - 1e-9 { reasons.append(.insufficientMemory) }
            if left.disk < app.resources.disk - 1e-9 { reasons.append(.insufficientDisk) }
            if left.gpus < app.resources.gpus - 1e-9 { reasons.append(.insufficientGpus) }
            let ports = ports(for: app.ports, on: agent)
            if ports == nil { reasons.append(.insufficientPorts) }
            if reasons.isEmpty, let ports { return ((agent, ports), rejections) }
            rejections.append(Rejection(agent: agent, free: left, reasons: reasons))
        }
        return (nil, rejections)
    }

    mutating func occupy(_ server: String, _ resources: Resources, _ ports: [Int]) {
        free[server] = (free[server] ?? Resources()) - resources
        usedPorts[server, default: []].formUnion(ports)
    }

    /// Host ports in the order of the requests; nil when one can't be had.
    private func ports(for requests: [PortRequest], on agent: Agent) -> [Int]? {
        let used = usedPorts[agent.server] ?? []
        var chosen: [Int] = []
        let fixed = Set(requests.map(\.hostPort)).subtracting([0])
        for port in fixed where used.contains(port) || !agent.owns(port: port) { return nil }
        for request in requests {
            if request.hostPort != 0 {
                chosen.append(request.hostPort)
                continue
            }
            let isFree = { (port: Int) in !used.contains(port) && !fixed.contains(port) && !chosen.contains(port) }
            guard let port = agent.ports.lazy.compactMap({ $0.first(where: isFree) }).first else { return nil }
            chosen.append(port)
        }
        return chosen
    }
}
