import Migration
import Operations
import Testing

@testable import Planning

@Suite("A plan whose gate limits error classes")
struct UncountedErrorsTests {
    private func plan(
        _ analysis: Analysis, counted: [LoadBalancerID: Set<ErrorClass>], isTCP: Bool = false,
        countsQueue: Bool = false, unseenFor: Period? = nil
    ) throws -> Plan {
        var small = SmallWorld()
        small.environment.gates.cutOver.analysis = [analysis]
        var observation = small.observation
        for (name, classes) in counted {
            observation.loadBalancers[name] = observation.loadBalancers["edge-1"]
            observation.loadBalancers[name]?.backends["be"]?.counted = classes
            observation.loadBalancers[name]?.backends["be"]?.isTCP = isTCP
            observation.loadBalancers[name]?.backends["be"]?.countsQueue = countsQueue
            observation.loadBalancers[name]?.unseenFor = unseenFor
        }
        return try Planner(
            environment: small.environment, runbook: Runbook(name: "rz-update", phases: small.phases),
            operation: Operation.rzUpdate
        ).plan(observation, at: small.time)
    }

    private let retries = Analysis.loadBalancers(.init(classes: [.retries: ErrorLimit(max: Percent(5))]))

    @Test("is blocked where it limits who waits, and no load balancer counts that")
    func queue() throws {
        let limits = Analysis.loadBalancers(.init(queue: 20))
        #expect(
            try plan(limits, counted: ["edge-1": []]).obstacles == [
                "be: gates.cutOver.analysis limits queue, and edge-1 counts none. Leave that limit out there: name the "
                    + "backends that it is for, `backends: [ … ]` beside it"
            ])
        #expect(try plan(limits, counted: ["edge-1": []], countsQueue: true).obstacles == [])
    }

    @Test("is blocked where no load balancer of a backend counts one")
    func uncounted() throws {
        #expect(
            try plan(retries, counted: ["edge-1": [.serverErrors]]).obstacles == [
                "be: gates.cutOver.analysis limits retries, and edge-1 counts none. Leave that limit out there: name the "
                    + "backends that it is for, `backends: [ … ]` beside it"
            ])
        #expect(try plan(retries, counted: ["edge-1": [.retries]]).obstacles == [])
    }

    @Test("is blocked by a limit on answers of a backend without any")
    func tcp() throws {
        let answers = Analysis.loadBalancers(.init(classes: [.clientErrors: ErrorLimit(max: Percent(5))]))
        let obstacles = try plan(answers, counted: ["edge-1": ErrorClass.ofConnections], isTCP: true).obstacles
        #expect(obstacles.count == 1)
        #expect(obstacles.first?.contains("limits clientErrors, and in `mode tcp` no one reads answers.") == true)
        #expect(try plan(retries, counted: ["edge-1": ErrorClass.ofConnections], isTCP: true).obstacles == [])
    }

    @Test("is not where the limit is for other backends")
    func otherBackends() throws {
        let other = Analysis.loadBalancers(
            .init(classes: [.retries: ErrorLimit(max: Percent(5))], backends: ["be_other"]))
        #expect(try plan(other, counted: ["edge-1": []]).obstacles == [])
    }

    @Test("says by which load balancers alone a class is judged")
    func partly() throws {
        let plan = try plan(retries, counted: ["edge-1": [.retries], "edge-2": []])
        #expect(plan.obstacles == [])
        #expect(plan.warnings.contains("be: retries is judged by edge-1 alone, as edge-2 counts none"))
    }

    @Test("leaves a load balancer that counts nothing at all to what says so")
    func blind() throws {
        let obstacles = try plan(retries, counted: ["edge-1": []], unseenFor: .seconds(1)).obstacles
        #expect(!obstacles.contains { $0.contains("limits retries") })
    }
}
