import Migration
import Testing

@testable import Planning

@Suite("A plan under policies")
struct PolicyObstaclesTests {
    private func world(_ rules: PolicyRules?, _ containers: [ServiceID: [ContainerFacts]]) -> SmallWorld {
        var world = SmallWorld()
        world.environment.policies = rules
        world.containers = containers
        return world
    }

    private let privileged = ContainerFacts(at: "container.docker", image: "a@sha256:0", isPrivileged: true)

    @Test("is blocked, or warns, by each breach; without policies no one looks")
    func severities() throws {
        let sentence = "/web container.docker.privileged: it is privileged (policy privileged)"
        let blocked = try world(PolicyRules(severity: .block), ["/web": [privileged]]).plan()
        #expect(blocked.obstacles == [sentence])
        let warned = try world(PolicyRules(), ["/web": [privileged]]).plan()
        #expect(warned.obstacles == [] && warned.warnings.contains(sentence))
        let unasked = try world(nil, ["/web": [privileged]]).plan()
        #expect(unasked.obstacles == [] && !unasked.warnings.contains(sentence))
    }

    @Test("is blocked again on the day after a waiver's last one, and says which waivers no one needs")
    func waived() throws {
        var world = world(PolicyRules(severity: .block), ["/web": [privileged]])
        let today = try #require(Day(String(world.time.description.prefix(10))))
        world.environment.policies?.waivers = [.init(.privileged, services: "/w*", reason: "CHG 1", until: today)]
        let waived = try world.plan()
        #expect(waived.obstacles == [])
        #expect(waived.warnings.contains { $0.hasSuffix("(policy privileged, waived until \(today): CHG 1)") })
        world.time = world.time + .hours(24)
        let ended = try world.plan().obstacles
        #expect(ended.count == 1 && ended[0].hasSuffix("whose waiver ended on \(today))"), "\(ended)")
        world.environment.policies?.waivers = [.init(.root, services: "/w*", reason: "CHG 1", until: today)]
        let idle = "policies.waivers: no service that “/w*” means needs the one of root. Take it away"
        #expect(try world.plan().warnings.contains(idle))
    }

    @Test("is blocked, or warns, by each report that is no pass; one that was not read is none")
    func reports() throws {
        var world = SmallWorld()
        world.environment.policies = PolicyRules(reports: [
            ReportRule(name: "lint", .file("lint.sarif")),
            ReportRule(name: "scan", .file("scan.sarif"), severity: .warn),
            ReportRule(name: "unread", .file("unread.sarif")),
            ReportRule(name: "off", .file("off.sarif"), severity: .off),
        ])
        world.reports = [
            "lint": .read(ToolReport(tools: ["lint"])),
            "scan": .read(ToolReport(tools: ["scan"], results: [.init(.error, rule: "R1", at: "main.tf:3", "open")])),
        ]
        let plan = try world.plan()
        #expect(plan.obstacles == ["report unread is absent: it was not read"])
        #expect(plan.warnings.contains("report scan: 1 result of level error: main.tf:3 R1 open"))
        #expect(!plan.warnings.contains { $0.hasPrefix("report lint") || $0.hasPrefix("report off") })
    }
}
