import Migration
import Operations
import Reporting
import Testing

@Suite("A plan on paper")
struct PlanViewTests {
    @Test("reports each phase, what it changes, how long it takes and how it is undone")
    func full() throws {
        try expectGolden(PlanView(Example.plan()).text, "plan")
    }

    @Test("reports what blocks it before anything else at its end")
    func blocked() throws {
        let plan = Example.plan { plan in
            plan.source = PinnedSource(commit: "4f1c2e97d0a41", changed: ["site.yaml"])
            plan.obstacles = ["the checkout has 1 uncommitted file (site.yaml); commit or stash them"]
            plan.world.servers[.green] = ["green-1"]
            plan.provisioning = ProvisioningChanges(
                add: ["a"], change: ["b"], replace: ["c"], remove: ["d"], inDoubt: ["e"])
            plan.environment.configure = nil
            plan.warnings = []
        }
        try expectGolden(PlanView(plan).text, "plan-blocked")
    }

    @Test("of a move from a color that does not answer shows what is left out, and what no one can verify")
    func unreachable() throws {
        try expectGolden(PlanView(Example.unreachable).text, "plan-unreachable")
    }

    @Test("of servers that are a list destroys none")
    func fixedServers() {
        let plan = Example.plan { plan in
            let count = plan.world.servers[.blue]?.count ?? 0
            #expect(count > 1)
            plan.environment.provision = Provision(static: StaticServers(command: nil, servers: [:]))
            plan.destruction = []
        }
        let text = PlanView(plan).text
        #expect(text.contains("servers of blue stay, as a fixed list"), "\(text)")
        #expect(!text.contains("destroyed"), "\(text)")
    }

    @Test("of a small world has singular words")
    func small() throws {
        let plan = Example.plan { plan in
            plan.source = PinnedSource(commit: nil)
            plan.world.servers = [.blue: ["b"]]
            plan.world.services = ["/a": WorldService(fingerprint: "f", instances: 1)]
            plan.services = [PlannedService(id: "/a", instances: 1, layer: 1)]
            plan.environment.loadBalancers.removeLast()
            plan.provisioning = ProvisioningChanges()
            plan.ignored = []
            plan.warnings = []
        }
        try expectGolden(PlanView(plan).text, "plan-small")
    }

    @Test("names what others move, and what probes let pass with the reason")
    func declared() throws {
        let plan = Example.plan { plan in
            plan.environment.services.declared = [
                DeclaredService(
                    name: "kubernetes", mover: .playbook, method: "the role mesos-m3s",
                    probe: Probe(.tcp(address: "{{ control[0].address }}:6443")))
            ]
            plan.environment.gates.platform = ProbeGate(probes: [
                Probe(.redis(.init(address: "{{ cache[0].address }}:6379", withoutPersistence: "a cache")))
            ])
            plan.environment.gates.service.probes.append(
                Probe(
                    .traefik(
                        .init(url: "http://{{ edge[0].address }}", ignore: [.init(router: "old@mesos", reason: "gone")])
                    )))
        }
        let text = PlanView(plan).text
        #expect(text.contains("  → kubernetes (moves by playbook), not by rz: the role mesos-m3s\n"))
        #expect(text.contains("the platform of green answers and leads, 1 probe"))
        #expect(text.contains("  · Redis {{ cache[0].address }}:6379 may lose its data: a cache\n"))
        #expect(text.contains("  · the router old@mesos may be missing: gone\n"))
    }

    @Test("names what never runs in both colors, jobs as a number when they are many")
    func handOvers() throws {
        func text(jobs: Int) -> String {
            PlanView(
                Example.plan { plan in
                    plan.services.append(PlannedService(id: "/shop/ledger", instances: 1, mode: .exclusive, layer: 1))
                    plan.steps.append(
                        Step(
                            id: "cutOver/hand-over/shop/ledger", phase: .cutOver, title: "handed over",
                            action: .handOver("/shop/ledger"), undo: .costly, estimate: .seconds(25),
                            deadline: .minutes(5)))
                    plan.services += (1...jobs).map {
                        PlannedService(id: ServiceID("shop.report-\($0)"), instances: 0, mode: .scheduled, layer: 1)
                    }
                }
            ).text
        }
        #expect(text(jobs: 1).contains("  ⚑ /shop/ledger  exclusive: ~25 s down at cutOver\n"))
        #expect(text(jobs: 1).contains("  ⧗ shop.report-1  scheduled: copied disabled, armed at cutOver\n"))
        #expect(text(jobs: 6).contains("  ⧗ 6 jobs, for example shop.report-1  scheduled: copied disabled"))
        #expect(!text(jobs: 6).contains("shop.report-2"))
    }

    @Test("says the same with colors as without")
    func colors() {
        let colored = PlanView(Example.plan(), style: Style(isColored: true)).text
        #expect(colored.contains("\u{1B}["))
        #expect(colored.withoutColors == PlanView(Example.plan()).text)
    }
}

extension String {
    /// Without the sequences that color a terminal.
    var withoutColors: String { replacing(#/\u{1B}\[[0-9]*m/#, with: "") }
}
