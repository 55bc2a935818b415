import Migration
import Operations
import Testing

@testable import Planning

@Suite("What runs have proved")
struct ProofsTests {
    private let time = Instant(milliseconds: 1_795_455_000_000)

    private func events(_ run: RunID, daysAgo days: Int64, _ kinds: [Event.Kind]) -> [Event] {
        kinds.enumerated().map { index, kind in
            Event(run: run, sequence: index + 1, time: time - .hours(24 * days), kind: kind)
        }
    }

    private func plan(_ operation: Operation = .rzUpdate, every limit: Period? = .hours(24 * 30)) throws -> Plan {
        var world = SmallWorld()
        world.environment.drillEvery = limit
        return try Planner(
            environment: world.environment, runbook: Runbook(name: "rz-update", phases: world.phases),
            operation: operation
        ).plan(world.observation, at: time)
    }

    @Test("is each part with the last run that showed it")
    func parts() throws {
        var proofs = Proofs()
        let move = try plan()
        proofs.add(
            move,
            events(
                "r-1", daysAgo: 40,
                [
                    .phaseEntered(phase: .cutOver), .trafficVerified(share: Percent(10), loadBalancers: []),
                    .trafficVerified(share: .all, loadBalancers: []), .runCompleted,
                ]))
        proofs.add(
            move,
            events(
                "r-2", daysAgo: 2,
                [
                    .phaseEntered(phase: .cutOver), .trafficVerified(share: Percent(10), loadBalancers: []),
                    .trafficReturned(loadBalancers: [], took: .seconds(1)), .runRolledBack,
                ]))
        #expect(proofs.last.mapValues(\.run) == [.build: "r-2", .cutOver: "r-1", .wayBack: "r-2", .tearDown: "r-1"])
        #expect(proofs.stale(after: .hours(24 * 30), at: time) == [.cutOver])
    }

    @Test("is nothing of a run that moved no users: not a return without users, not a build")
    func nothing() throws {
        var proofs = Proofs()
        proofs.add(
            try plan(), events("r-1", daysAgo: 1, [.trafficReturned(loadBalancers: [], took: .zero), .runRolledBack]))
        #expect(proofs.last.isEmpty)
    }

    @Test("is missed by plans as long as the environment wants it, each part with what proves it")
    func warnings() throws {
        let asked = try plan().warnings.filter { $0.contains("drill.every") }
        #expect(
            asked.first == "the build was never proved, and `drill.every` is 30d: rz drill shop", "\(asked)")
        #expect(asked.count == 3)
        #expect(try plan(every: nil).warnings.allSatisfy { !$0.contains("drill") })
    }

    @Test("by a drill are the way there and back: its plan has no step that stops or destroys the live color")
    func drill() throws {
        let drill = try plan(.drill)
        #expect(drill.steps.last?.action == .goBack)
        #expect(drill.steps.allSatisfy { !$0.closesWayBack && $0.phase != .tearDown })
        let update = try plan().steps.filter { $0.phase != .tearDown }
        #expect(drill.steps.dropLast().map(\.id) == update.map(\.id))
    }
}
