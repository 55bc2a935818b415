import Testing

@testable import Clusters

@Suite("Any capacity proof")
struct CapacityPropertyTests {
    @Test("that says it fits has a placement that really fits", arguments: UInt64(1)...300)
    func soundness(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let (requests, agents) = world(&generator)
        let proof = CapacityProof(requests, on: agents)
        for request in requests {
            let placed = proof.placements.filter { $0.service == request.service }
            #expect(placed.count <= request.instances)
            if proof.fits { #expect(placed.count == request.instances) }
            for placement in placed { check(placement, of: request) }
            checkConstraints(of: request, placed, agents)
        }
        for agent in agents { checkRoom(agent, proof.placements.filter { $0.agent == agent.id }) }
    }

    @Test("stays a fit when an agent joins, and when a service goes", arguments: UInt64(1)...300)
    func monotony(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var (requests, agents) = world(&generator)
        requests.removeAll { $0.constraints.contains { $0.operator == .cluster } }
        var fitted = false
        for count in 1...agents.count {
            let fits = CapacityProof(requests, on: Array(agents.prefix(count))).fits
            #expect(fits || !fitted, "\(count) agents are worse than \(count - 1)")
            fitted = fits
        }
        agents[0].isActive = false
        #expect(CapacityProof(requests, on: agents).placements.allSatisfy { $0.agent != agents[0].id })
    }

    // MARK: - A random world

    private func world(_ generator: inout SeededGenerator) -> ([ResourceRequest], [MesosAgent]) {
        let agents = (0..<Int.random(in: 1...8, using: &generator)).map { number in
            var pools = ["*": pool(&generator)]
            if Bool.random(using: &generator) { pools["db"] = pool(&generator) }
            return MesosAgent(
                id: "S\(number)", hostname: "host-\(number)",
                attributes: number % 4 == 3 ? [:] : ["rack": "r\(Int.random(in: 1...3, using: &generator))"],
                pools: pools)
        }
        let requests = (0..<Int.random(in: 1...8, using: &generator)).map { number in
            ResourceRequest(
                service: "/s\(number)", instances: Int.random(in: 1...4, using: &generator),
                cpus: Double(Int.random(in: 1...20, using: &generator)) / 10,
                mem: Double(Int.random(in: 32...2048, using: &generator)),
                ports: [[], [0], [0, 31003], [0, 0]].randomElement(using: &generator) ?? [],
                roles: [["*"], ["*", "db"], ["db"]].randomElement(using: &generator) ?? ["*"],
                constraints: rules.randomElement(using: &generator) ?? [])
        }
        return (requests, agents)
    }

    private func pool(_ generator: inout SeededGenerator) -> MesosPool {
        MesosPool(
            total: MesosResources(
                cpus: Double(Int.random(in: 1...8, using: &generator)),
                mem: Double(Int.random(in: 512...16384, using: &generator)),
                ports: PortRanges([31000...Int.random(in: 31000...31009, using: &generator)])),
            used: MesosResources(cpus: 0.3, mem: 64, ports: PortRanges([31000...31000])))
    }

    private let rules: [[PlacementConstraint]] = [
        [], [], [PlacementConstraint("hostname", .unique)], [PlacementConstraint("rack", .groupBy, "2")],
        [PlacementConstraint("rack", .groupBy)], [PlacementConstraint("rack", .maxPer, "2")],
        [PlacementConstraint("rack", .cluster)], [PlacementConstraint("rack", .cluster, "r2")],
        [PlacementConstraint("rack", .unlike, "r1"), PlacementConstraint("hostname", .maxPer, "2")],
        [PlacementConstraint("rack", .is, "r1")], [PlacementConstraint("hostname", .like, "host-[0-5]")],
    ]

    // MARK: - What must hold of a placement, said another way than the code under test does

    private func check(_ placement: CapacityProof.Placement, of request: ResourceRequest) {
        #expect(Set(placement.share.keys).isSubset(of: request.roles))
        let sum = placement.share.values.reduce(MesosResources()) { $0 + $1 }
        #expect(abs(sum.cpus - request.cpus) < 0.001)
        #expect(abs(sum.mem - request.mem) < 0.001)
        #expect(placement.share.values.reduce(0) { $0 + $1.ports.count } == request.ports.count)
        for port in request.ports where port != 0 { #expect(sum.ports.contains(port)) }
    }

    private func checkRoom(_ agent: MesosAgent, _ placements: [CapacityProof.Placement]) {
        for role in Set(placements.flatMap { $0.share.keys }) {
            let shares = placements.compactMap { $0.share[role] }
            guard let free = agent.pools[role]?.free else {
                Issue.record("\(agent.id) has nothing for \(role)")
                continue
            }
            #expect(shares.reduce(0) { $0 + $1.cpus } <= free.cpus + 0.001)
            #expect(shares.reduce(0) { $0 + $1.mem } <= free.mem + 0.001)
            let ports = shares.flatMap { $0.ports.ranges.flatMap { Array($0) } }
            #expect(Set(ports).count == ports.count)
            #expect(ports.allSatisfy { free.ports.contains($0) })
        }
    }

    private func checkConstraints(
        of request: ResourceRequest, _ placed: [CapacityProof.Placement], _ agents: [MesosAgent]
    ) {
        let used = placed.compactMap { placement in agents.first { $0.id == placement.agent } }
        for rule in request.constraints {
            let values = used.map { rule.field == "hostname" ? $0.hostname : $0.attributes[rule.field] }
            let counts = Dictionary(grouping: values.compactMap { $0 }, by: { $0 }).mapValues(\.count)
            switch (rule.operator, rule.value) {
            case (.unique, _): #expect(counts.values.allSatisfy { $0 == 1 })
            case (.maxPer, let limit): #expect(counts.values.allSatisfy { $0 <= Int(limit ?? "") ?? 0 })
            case (.cluster, let value?): #expect(values.allSatisfy { $0 == value })
            case (.cluster, nil): #expect(counts.count <= 1)
            case (.is, let value): #expect(values.allSatisfy { $0 == value })
            case (.unlike, let value): #expect(values.allSatisfy { $0 != value })
            case (.like, _): #expect(values.allSatisfy { ("host-0"..."host-5").contains($0 ?? "") })
            case (.groupBy, let least):
                #expect(values.allSatisfy { $0 != nil })
                if placed.count >= Int(least ?? "0") ?? 0, request.instances > 1 {
                    #expect(counts.count >= min(placed.count, Int(least ?? "0") ?? 0))
                }
            }
        }
    }
}
