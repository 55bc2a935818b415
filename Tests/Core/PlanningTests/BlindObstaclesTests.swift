import Migration
import Operations
import Testing

@testable import Planning

@Suite("A plan with load balancers that count nothing")
struct BlindObstaclesTests {
    private func plan(
        unseenFor length: Period?, _ analysis: [Analysis], _ change: (inout Observation) -> Void = { _ in }
    ) throws -> Plan {
        var small = SmallWorld()
        small.environment.gates.cutOver.analysis = analysis
        small.environment.drain = DrainPolicy(quiet: .seconds(30), deadline: .minutes(30))
        var observation = small.observation
        observation.loadBalancers["edge-1"]?.unseenFor = length
        change(&observation)
        return try Planner(
            environment: small.environment, runbook: Runbook(name: "rz-update", phases: small.phases),
            operation: Operation.rzUpdate
        ).plan(observation, at: small.time)
    }

    private let counted = Analysis.loadBalancers(.init(errorRate: Percent(1)))
    private let measured = Analysis.prometheus(
        .init(PrometheusQuery(name: "errors", url: "https://prometheus", query: "errors", series: "errors", max: 0.01)))

    @Test("is blocked where the analysis would judge by what no one counts")
    func analysis() throws {
        #expect(
            try plan(unseenFor: .minutes(5), [counted]).obstacles == [
                "be: the analysis `loadBalancers` judges by what load balancers count, and those that have it count nothing. "
                    + "Judge its users by `prometheus` under gates.cutOver.analysis, too"
            ])
        #expect(try plan(unseenFor: .minutes(5), [measured]).obstacles == [])
        #expect(try plan(unseenFor: .minutes(5), [counted, measured]).obstacles == [])
        #expect(try plan(unseenFor: nil, [counted]).obstacles == [])
    }

    @Test("is blocked where the drain would end before the last user may have left")
    func deadline() throws {
        #expect(try plan(unseenFor: .minutes(29), [measured]).obstacles == [])
        let obstacles = try plan(unseenFor: .minutes(30), [measured]).obstacles
        #expect(obstacles.count == 1)
        #expect(obstacles[0].hasPrefix("edge-1 reports no sessions, and someone may be there unseen for 30m: with "))
    }

    @Test("says whose users no analysis judges")
    func warnings() throws {
        func words(_ length: Period?, _ analysis: [Analysis]) throws -> [String] {
            try plan(unseenFor: length, analysis).warnings.filter { $0.contains("edge-1") && $0.contains("analysis") }
        }
        #expect(
            try words(.minutes(5), []) == ["no analysis judges the users on edge-1: add `prometheus` to gates.cutOver"])
        #expect(try words(.minutes(5), [measured]) == [])
        #expect(try words(nil, []) == [])
    }
}
