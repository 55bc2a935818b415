import Testing

@testable import Clusters

/// An agent with everything unreserved, and perhaps something for the role `db`.
private func agent(
    _ name: String, cpus: Double = 4, mem: Double = 8192, ports: ClosedRange<Int> = 31000...31009, rack: String? = nil,
    used: MesosResources = MesosResources(), db: MesosResources? = nil, isActive: Bool = true
) -> MesosAgent {
    var pools = [
        "*": MesosPool(total: MesosResources(cpus: cpus, mem: mem, disk: 10000, ports: PortRanges([ports])), used: used)
    ]
    pools["db"] = db.map { MesosPool(total: $0) }
    return MesosAgent(
        id: name, hostname: "host-\(name)", isActive: isActive, attributes: rack.map { ["rack": $0] } ?? [:],
        pools: pools)
}

@Suite("Before the first launch, the capacity of the other side")
struct CapacityProofTests {
    @Test("is enough when each instance finds an agent")
    func fits() {
        let requests = [
            ResourceRequest(service: "/shop/web", instances: 4, cpus: 1, mem: 1024, ports: [0, 0]),
            ResourceRequest(
                service: "/shop/db", instances: 2, cpus: 2, mem: 6000,
                constraints: [PlacementConstraint("hostname", .unique)]),
        ]
        let proof = CapacityProof(requests, on: [agent("a"), agent("b")])
        #expect(proof.shortfalls == [])
        #expect(proof.placements.count == 6)
        #expect(Set(proof.placements.filter { $0.service == "/shop/db" }.map(\.agent)) == ["a", "b"])
    }

    @Test("that is too small by the sums says how much is missing of what")
    func totals() {
        let requests = [ResourceRequest(service: "/shop/web", instances: 5, cpus: 0.1, mem: 8192, ports: [0, 0])]
        let used = MesosResources(cpus: 0.5, mem: 4096, ports: PortRanges([31000...31008]))
        let agents = [
            agent("a", mem: 16384, used: used), agent("b", ports: 31000...31002), agent("c", ports: 31000...31002),
            agent("gone", mem: 99999, isActive: false),
        ]
        #expect(
            CapacityProof(requests, on: agents).shortfalls == [
                "mem: 12,288 MB short: needs 40,960, 28,672 free on 3 agents",
                "ports: 3 short: needs 10, 7 free on 3 agents",
                "/shop/web × 5: only 2 fit (too few ports on 3 agents, too little mem on 2 agents)",
            ])
    }

    @Test(
        "is not there where constraints leave too few agents",
        arguments: [
            (
                3, [PlacementConstraint("hostname", .unique)],
                "/s × 3 with hostname UNIQUE: only 2 agents fit (constraints on 2 agents)"
            ),
            (
                1, [PlacementConstraint("rack", .is, "r9")],
                "/s × 1 with rack IS r9: no agent fits (constraints on 2 agents)"
            ),
            (
                5, [PlacementConstraint("rack", .maxPer, "2")],
                "/s × 5 with rack MAX_PER 2: only 4 fit (constraints on 2 agents)"
            ),
            (
                1, [PlacementConstraint("hostname", .like, "agent-.*")],
                "/s × 1 with hostname LIKE agent-.*: no agent fits (constraints on 2 agents)"
            ),
            (
                1, [PlacementConstraint("hostname", .unlike, "host-[ab]")],
                "/s × 1 with hostname UNLIKE host-[ab]: no agent fits (constraints on 2 agents)"
            ),
        ])
    func constraints(instances: Int, rules: [PlacementConstraint], words: String) {
        let request = ResourceRequest(service: "/s", instances: instances, cpus: 0.1, mem: 10, constraints: rules)
        let proof = CapacityProof([request], on: [agent("a", rack: "r1"), agent("b", rack: "r2")])
        #expect(proof.shortfalls == [words])
    }

    @Test("is found for CLUSTER at the value that has room for all")
    func cluster() {
        let rule = PlacementConstraint("rack", .cluster)
        let agents = [agent("a", cpus: 1, rack: "r1"), agent("b", rack: "r2"), agent("c", cpus: 1, rack: "r2")]
        let request = ResourceRequest(service: "/s", instances: 5, cpus: 1, mem: 10, constraints: [rule])
        let proof = CapacityProof([request], on: agents)
        #expect(proof.fits)
        #expect(Set(proof.placements.map(\.agent)) == ["b", "c"])
        var more = request
        more.instances = 6
        #expect(
            CapacityProof([more], on: agents).shortfalls.last
                == "/s × 6 with rack CLUSTER: only 5 fit (constraints on 1 agent, too few cpus on 2 agents)")
        var running = request
        running.runningOn = ["a"]
        #expect(!CapacityProof([running], on: agents).fits)
    }

    @Test("is spread by GROUP_BY over as many groups as are asked for")
    func groups() {
        let agents = [agent("a", rack: "r1"), agent("b", rack: "r2"), agent("c", rack: "r3")]
        let rule = PlacementConstraint("rack", .groupBy, "3")
        let request = ResourceRequest(service: "/s", instances: 6, cpus: 1, mem: 10, constraints: [rule])
        let proof = CapacityProof([request], on: agents)
        #expect(proof.fits)
        for name in ["a", "b", "c"] { #expect(proof.placements.count { $0.agent == name } == 2) }
        #expect(!CapacityProof([request], on: Array(agents.prefix(2))).fits)
    }

    @Test("counts instances that run already for their rules, but not for their resources")
    func running() {
        let rule = PlacementConstraint("hostname", .unique)
        var request = ResourceRequest(service: "/s", instances: 1, cpus: 4, mem: 10, constraints: [rule])
        request.runningOn = ["a"]
        #expect(CapacityProof([request], on: [agent("a"), agent("b")]).placements.map(\.agent) == ["b"])
        #expect(!CapacityProof([request], on: [agent("a")]).fits)
    }

    @Test("of a reservation is for its role only, and taken before what is everyone's")
    func roles() {
        let agents = [agent("a", cpus: 2, db: MesosResources(cpus: 3, mem: 4096))]
        let db = ResourceRequest(service: "/db", instances: 1, cpus: 4, mem: 1024, roles: ["*", "db"])
        #expect(
            CapacityProof([db], on: agents).placements.first?.share
                == ["db": MesosResources(cpus: 3, mem: 1024), "*": MesosResources(cpus: 1)])
        let web = ResourceRequest(service: "/web", instances: 2, cpus: 1, mem: 1024)
        #expect(
            CapacityProof([db, web], on: agents).shortfalls == [
                "cpus: 1 short: needs 6, 5 free on 1 agent for roles *, db",
                "/web × 2: no place for 1 beside the other services (too few cpus on 1 agent)",
            ])
        let strict = ResourceRequest(service: "/db", instances: 1, cpus: 3.25, mem: 10, roles: ["db"])
        #expect(
            CapacityProof([strict], on: agents).shortfalls.first
                == "cpus: 0.25 short: needs 3.25, 3 free on 1 agent for role db")
    }

    @Test("gives a fixed port once an agent")
    func fixedPorts() {
        let request = ResourceRequest(service: "/s", instances: 3, cpus: 0.1, mem: 10, ports: [31005, 0])
        let proof = CapacityProof([request], on: [agent("a"), agent("b")])
        #expect(proof.shortfalls == ["/s × 3: only 2 fit (too few ports on 2 agents)"])
        #expect(proof.placements.count == 2)
    }

    @Test("is not asked for where nothing is to be launched")
    func nothing() {
        #expect(CapacityProof([], on: []).fits)
        #expect(CapacityProof([ResourceRequest(service: "/s", instances: 0, cpus: 1, mem: 1)], on: []).fits)
    }
}
