/// Instances being placed.
struct PlacementRun {
    private var rooms: [AgentRoom]
    private(set) var placements: [CapacityProof.Placement] = []

    init(_ agents: [MesosAgent]) { rooms = agents.map { AgentRoom($0) } }

    /// Places as many instances as there is room for.
    mutating func place(_ request: ResourceRequest) -> Int {
        let choices = clusterChoices(request)
        guard choices.count > 1 else { return placeAll(request, within: nil) }
        // The first value that has room for all; else the one with room for most.
        var best: (run: PlacementRun, placed: Int)?
        for choice in choices {
            var trial = self
            let placed = trial.placeAll(request, within: choice)
            if placed > best?.placed ?? -1 { best = (trial, placed) }
            if placed == request.instances { break }
        }
        guard let best else { return 0 }
        self = best.run
        return best.placed
    }

    /// The values that a `CLUSTER` without one may choose, while nothing runs yet.
    private func clusterChoices(_ request: ResourceRequest) -> [(PlacementConstraint, String)] {
        let free = request.constraints.first { $0.operator == .cluster && !$0.isPinned }
        guard let free, request.runningOn.isEmpty else { return [] }
        var seen: Set<String> = []
        return rooms.compactMap { free.value(of: $0.agent) }.filter { seen.insert($0).inserted }.map { (free, $0) }
    }

    private mutating func placeAll(_ request: ResourceRequest, within choice: (PlacementConstraint, String)?) -> Int {
        var candidates = rooms.indices.filter { index in
            request.constraints.allSatisfy { $0.admits(rooms[index].agent) }
                && choice.map { $0.0.value(of: rooms[index].agent) == $0.1 } ?? true
        }
        var tally = Tally(request, rooms.map(\.agent))
        var placed = 0
        while placed < request.instances {
            var target: (index: Int, share: AgentRoom.Share)?
            for index in candidates where tally.admits(rooms[index].agent) {
                if let share = rooms[index].share(for: request) {
                    target = (index, share)
                    break
                }
            }
            guard let target else { break }
            rooms[target.index].take(target.share)
            tally.add(rooms[target.index].agent)
            placements.append(
                CapacityProof.Placement(
                    service: request.service, agent: rooms[target.index].agent.id, share: target.share))
            placed += 1
            // Room only shrinks: whoever had none for this request will have none for its next instance.
            candidates.removeAll { $0 < target.index && !rooms[$0].lacks(request).isEmpty }
        }
        return placed
    }

    /// What keeps one more instance from each agent, summed up: `mem on 2 agents`, `constraints on 1 agent`.
    func reasons(against request: ResourceRequest) -> [String] {
        var counts: [String: Int] = [:]
        var tally = Tally(request, rooms.map(\.agent))
        let byID = Dictionary(rooms.map { ($0.agent.id, $0.agent) }, uniquingKeysWith: { first, _ in first })
        for placement in placements where placement.service == request.service {
            if let agent = byID[placement.agent] { tally.add(agent) }
        }
        for room in rooms {
            if !request.constraints.allSatisfy({ $0.admits(room.agent) }) || !tally.admits(room.agent) {
                counts["constraints", default: 0] += 1
            } else {
                for name in room.lacks(request) {
                    counts["too \(name == "mem" || name == "disk" ? "little" : "few") \(name)", default: 0] += 1
                }
            }
        }
        return counts.sorted { $0.key < $1.key }.map { "\($0.key) on \(count($0.value, "agent"))" }
    }
}

/// How many instances of a request are at each value that one of its constraints looks at.
private struct Tally {
    private var taken: [(constraint: PlacementConstraint, counts: [String: Int])]

    init(_ request: ResourceRequest, _ agents: [MesosAgent]) {
        taken = request.constraints.map { ($0, [:]) }
        guard !request.runningOn.isEmpty else { return }
        let byID = Dictionary(agents.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for id in request.runningOn { if let agent = byID[id] { add(agent) } }
    }

    func admits(_ agent: MesosAgent) -> Bool {
        taken.allSatisfy { $0.constraint.admits($0.constraint.value(of: agent), beside: $0.counts) }
    }

    mutating func add(_ agent: MesosAgent) {
        for index in taken.indices {
            if let value = taken[index].constraint.value(of: agent) { taken[index].counts[value, default: 0] += 1 }
        }
    }
}
