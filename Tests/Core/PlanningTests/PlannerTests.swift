import Foundation
import Migration
import Operations
import Testing

@testable import Planning

@Suite("A plan")
struct PlannerTests {
    @Test("has the steps of each phase, one for each service and each share")
    func steps() throws {
        let plan = try SmallWorld().plan()
        #expect(
            plan.steps.map(\.id.text) == [
                "preflight/checks", "standUp/disks", "standUp/servers", "configure/configuration",
                "platformGate/platform",
                "replicate/launch/db", "replicate/launch/web", "serviceGate/health", "cutOver/approval",
                "cutOver/ready",
                "cutOver/shift-10%", "cutOver/shift-100%", "drain/drain", "soak/soak", "tearDown/stop",
                "tearDown/destroy",
            ])
        #expect(plan.ignored == [IgnoredService(id: "/infra/lb", reason: "ignored by rule")])
        #expect(plan.step("replicate/launch/web")?.title == "/web × 3")
        #expect(plan.step("cutOver/approval")?.title == "1 approval")
        #expect(plan.step("standUp/servers")?.attempts == 3)
        #expect(plan.step("standUp/servers")?.undo == .costly)
        #expect(plan.step("tearDown/destroy")?.undo == Reversibility.none)
    }

    @Test("gives every step a deadline, drain and shifts the time that they watch on top")
    func deadlines() throws {
        let plan = try SmallWorld().plan()
        #expect(plan.steps.allSatisfy { $0.deadline > .zero })
        #expect(plan.step("drain/drain")?.deadline == .minutes(35))
        #expect(plan.step("cutOver/shift-10%")?.deadline == .minutes(6))
        #expect(plan.step("soak/soak")?.deadline == .minutes(20))
    }

    @Test("needs the line before, where a line says nothing")
    func sequential() throws {
        let plan = try SmallWorld().plan()
        #expect(plan.step("standUp/disks")?.needs == [])
        #expect(plan.step("standUp/servers")?.needs == ["standUp/disks"])
        #expect(plan.step("cutOver/ready")?.needs == ["cutOver/approval"])
        #expect(plan.step("cutOver/shift-10%")?.needs == ["cutOver/ready"])
        #expect(plan.step("cutOver/shift-100%")?.needs == ["cutOver/shift-10%"])
        #expect(plan.step("tearDown/destroy")?.needs == ["tearDown/stop"])
    }

    @Test("needs nothing but the approval, where a line says that it needs nothing")
    func explicitlyNothing() throws {
        var world = SmallWorld()
        world.phases[.standUp] = PhaseRule(steps: [SmallWorld.line(.disks), SmallWorld.line(.servers, needs: [])])
        #expect(try world.plan().step("standUp/servers")?.needs == [])
        world.environment.approvals[.standUp] = .count(2)
        let plan = try world.plan()
        #expect(plan.step("standUp/servers")?.needs == ["standUp/approval"])
        #expect(plan.step("standUp/approval")?.title == "2 approvals")
    }

    @Test("needs all the steps that a named line became, also of a later line")
    func named() throws {
        var world = SmallWorld()
        let note = RunbookStep(id: "note", work: .wait(.seconds(1)), needs: ["launch"], timeout: .minutes(1))
        world.phases[.replicate] = PhaseRule(steps: [note, SmallWorld.line(.launch, needs: [])])
        #expect(try world.plan().step("replicate/note")?.needs == ["replicate/launch/db", "replicate/launch/web"])
    }

    @Test("waits through a line that became no step")
    func emptyLine() throws {
        var world = SmallWorld()
        world.environment.configure = nil
        func wait(_ id: String, _ needs: [String]?) -> RunbookStep {
            RunbookStep(id: id, work: .wait(.seconds(1)), needs: needs, timeout: .minutes(1))
        }
        world.phases[.configure] = PhaseRule(steps: [
            wait("before", nil), SmallWorld.line(.configuration), wait("default", nil),
            wait("named", ["configuration"]),
        ])
        let plan = try world.plan()
        #expect(plan.step("configure/default")?.needs == ["configure/before"])
        #expect(plan.step("configure/named")?.needs == ["configure/before"])
    }

    @Test("launches what others need first, layer by layer, groups included")
    func layers() throws {
        var world = SmallWorld()
        world.services = [
            SmallWorld.service("/web", needs: ["/api", "/data", "/nowhere"]),
            SmallWorld.service("/api", needs: ["/data/db"]),
            SmallWorld.service("/data/db"), SmallWorld.service("/data/cache"),
            SmallWorld.service("/database", needs: ["/database"]),
        ]
        let plan = try world.plan()
        #expect(plan.services.map(\.id.text) == ["/data/cache", "/data/db", "/database", "/api", "/web"])
        #expect(plan.services.map(\.layer) == [1, 1, 1, 2, 3])
        #expect(plan.step("replicate/launch/api")?.needs == ["replicate/launch/data/db"])
        #expect(
            plan.step("replicate/launch/web")?.needs == [
                "replicate/launch/api", "replicate/launch/data/cache", "replicate/launch/data/db",
            ])
        #expect(plan.step("replicate/launch/database")?.needs == [])
    }

    @Test("is refused when services need each other in a circle, which it names without those around it")
    func circle() throws {
        var world = SmallWorld()
        world.services = [
            SmallWorld.service("/a", needs: ["/b"]), SmallWorld.service("/b", needs: ["/c"]),
            SmallWorld.service("/c", needs: ["/b"]),
            SmallWorld.service("/d"),
        ]
        #expect { try world.plan() } throws: {
            ($0 as? Failure)?.details == ["/b → /c → /b"]
        }
    }

    @Test("waits for people after a share that pauses, and goes on from there")
    func pauses() throws {
        var world = SmallWorld()
        world.environment.gates.cutOver.steps[0].pause = .init(ApprovalDemand(2), reason: "Fine?", limit: .hours(8))
        #expect(
            try world.plan().step("cutOver/shift-10%-pause")?.action
                == .approval(ApprovalDemand(2), reason: "to go on beyond 10 %: Fine?"))
        world.environment.gates.cutOver.steps[0].pause?.reason = nil
        let plan = try world.plan()
        let pause = try #require(plan.step("cutOver/shift-10%-pause"))
        #expect(pause.action == .approval(ApprovalDemand(2), reason: "to go on beyond 10 %"))
        #expect(pause.needs == ["cutOver/shift-10%"])
        #expect(pause.deadline == .hours(8) + .minutes(5))
        #expect(plan.step("cutOver/shift-100%")?.needs == ["cutOver/shift-10%-pause"])
    }

    @Test("is refused when two steps have the same name")
    func ambiguous() {
        var world = SmallWorld()
        world.environment.gates.cutOver.steps = [.init(share: .all, bake: .zero), .init(share: .all, bake: .zero)]
        #expect { try world.plan() } throws: { "\($0)".contains("cutOver/shift-100%") }
    }

    @Test("expects of each step what the last run took")
    func history() throws {
        var world = SmallWorld()
        world.history = ["standUp/servers": .seconds(77), "gone/step": .seconds(1)]
        #expect(try world.plan().step("standUp/servers")?.estimate == .seconds(77))
    }

    @Test("expects no one to take as long to approve as people did in the last run")
    func historyOfApprovals() throws {
        var world = SmallWorld()
        world.environment.gates.cutOver.steps[0].pause = .init(ApprovalDemand(1), reason: nil, limit: .hours(8))
        let step: StepID = "cutOver/shift-10%-pause"
        let usual = try #require(try world.plan().step(step)).estimate
        world.history = [step: .minutes(9)]
        #expect(try world.plan().step(step)?.estimate == usual)
    }

    @Test("expects of a phase its longest chain of steps")
    func estimate() throws {
        var world = SmallWorld()
        world.services.append(SmallWorld.service("/alone"))
        world.history = [
            "replicate/launch/db": .seconds(10), "replicate/launch/web": .seconds(5),
            "replicate/launch/alone": .seconds(12),
        ]
        let plan = try world.plan()
        #expect(plan.estimate(of: .replicate) == .seconds(15))
        #expect(plan.estimate >= plan.estimate(of: .replicate) + plan.estimate(of: .soak))
    }

    @Test("is stopped by what no one answered, and carries what someone did")
    func findings() throws {
        var world = SmallWorld()
        world.findings = [
            "/db": [
                Finding(.hostPath, at: "container.volumes.0.hostPath", "/data: on the old agents", .blocking),
                Finding(.refused, at: "container.docker.network", "NONE", .blocking),
                Finding(.role, at: "role", "web", .accepted(reason: "it is there")),
            ],
            "/web": [Finding(.constraint, at: "constraints.0", "rack IS r1", .deferred)],
        ]
        let plan = try world.plan()
        #expect(
            plan.obstacles == [
                "/db container.volumes.0.hostPath: /data: on the old agents. "
                    + "Answer it with an override, or accept it: `accept: { hostPath: why }`",
                "/db container.docker.network: NONE. Answer it with an override",
            ])
        #expect(plan.service("/web")?.findings.map(\.judgement) == [.deferred])
    }

    @Test("warns of services that someone has to move, and of those that are being changed")
    func warnings() throws {
        var world = SmallWorld()
        world.services[0].isDeploying = true
        world.ignored = [IgnoredService(id: "/data", reason: "mode manual", isLeftToPeople: true)]
        #expect(
            try world.plan().warnings == [
                "/data stays on blue for a person to move; the servers of blue are destroyed in tearDown",
                "/db is changed by a deployment under way on blue: what is launched is its target",
            ])
    }

    @Test("distinguishes warnings and what blocks it")
    func obstacles() throws {
        var world = SmallWorld()
        world.obstacles = [Obstacle("only a warning", isBlocking: false), Obstacle("no way", isBlocking: true)]
        let plan = try world.plan()
        #expect(plan.warnings == ["only a warning"])
        #expect(plan.obstacles == ["no way"])
    }

    @Test("has the same id whenever and however long it is expected to take")
    func stableFingerprint() throws {
        let first = try SmallWorld().plan()
        var world = SmallWorld()
        world.time = world.time + .hours(5)
        world.history = ["standUp/servers": .seconds(77)]
        world.services.reverse()
        #expect(try world.plan().id == first.id)
        #expect(first.id.count == 66)
        #expect(try world.plan().world == first.world)
    }

    @Test(
        "has another id when anything that it does changes",
        arguments: [
            { $0.source.commit = "other" }, { $0.environment.soak = .minutes(1) }, { $0.services[1].instances = 4 },
            { $0.services[0].fingerprint = "other" }, { $0.phases[.preflight] = PhaseRule(steps: []) },
            { $0.source.changed = ["site.yaml"] }, { $0.obstacles = [Obstacle("x", isBlocking: false)] },
        ] as [@Sendable (inout SmallWorld) -> Void])
    func changedFingerprint(change: @Sendable (inout SmallWorld) -> Void) throws {
        var world = SmallWorld()
        change(&world)
        #expect(try world.plan().id != SmallWorld().plan().id)
    }

    @Test("survives being written to a file and read")
    func coded() throws {
        let plan = try SmallWorld().plan()
        #expect(try JSONDecoder().decode(Plan.self, from: JSONEncoder().encode(plan)) == plan)
    }

    @Test("is stale once the world differs, and says in what")
    func stale() throws {
        let plan = try SmallWorld().plan()
        var later = SmallWorld()
        later.services = [SmallWorld.service("/db", instances: 2), SmallWorld.service("/new")]
        later.source.commit = "other"
        #expect(
            plan.world.differences(to: try later.plan().world) == [
                "environment, runbook or commit changed", "service /db: 1 → 2 instances", "service /new: added",
                "service /web: removed",
            ])
        #expect(plan.world.differences(to: try SmallWorld().plan().world) == [])
    }
}
