import Migration
import Operations
import Simulation
import Testing

@Suite("What if, asked of a plan")
struct WhatIfTests {
    private let scenario: Scenario
    private var plan: Plan { scenario.plan }

    init() throws { scenario = try Scenario(try Scenario.small().plan) }

    @Test("every fault at every step ends well, after a resume at the latest", arguments: [false, true])
    func everything(areRegistered: Bool) throws {
        var scenario = scenario
        if areRegistered {
            var plan = try Scenario.registered().plan
            // A group that no simulated server is in, and a variable that none has.
            plan.environment.traffic[0].registration?[.green]?.source = .group("agent")
            plan.environment.traffic[0].registration?[.green]?.port = "{{ http }}"
            scenario = try Scenario(plan)
        }
        let plan = scenario.plan
        let outcomes = WhatIf.all(of: plan).map { $0.perform(in: scenario) }
        #expect(outcomes.count > 100)
        #expect(outcomes.count(where: \.happened) > 90)
        for outcome in outcomes {
            #expect(outcome.end == .done, "\(outcome.whatIf)")
            #expect(outcome.broken.isEmpty, "\(outcome.whatIf): \(outcome.broken)")
        }
    }

    @Test("a plan that waits for change windows is tried without them")
    func windows() throws {
        var plan = scenario.plan
        plan.environment.limits.windows = ChangeWindows(zone: "UTC", open: [.init([.sun], from: 0, to: 1)])
        let window = Plan.windowStep(before: .cutOver)
        for index in plan.steps.indices where plan.steps[index].phase == .cutOver {
            plan.steps[index].needs.append(window)
        }
        plan.steps.append(
            Step(id: window, phase: .cutOver, title: "the change window", action: .window, deadline: .hours(1)))
        let scenario = try Scenario(plan)
        let outcome = WhatIf(step: "no/step", fault: .callFails).perform(in: scenario)
        #expect(outcome.end == .done)
        #expect(WhatIf.all(of: scenario.plan).allSatisfy { $0.step != window })
    }

    @Test("without a fault nothing is put right, tried again or lost")
    func nothing() {
        let outcome = WhatIf(step: "no/step", fault: .callFails).perform(in: scenario)
        #expect(!outcome.happened)
        #expect(outcome.end == .done)
        #expect(outcome.restored.isEmpty && outcome.retries == 0 && !outcome.hurts)
    }

    @Test("a load balancer that does not answer a shift halts it, and the old color carries everything")
    func loadBalancerDown() throws {
        let outcome = WhatIf(step: "cutOver/shift-10%", fault: .loadBalancerDown("edge-2", for: .minutes(1)))
            .perform(in: scenario)
        let halt = try #require(outcome.halt)
        #expect(halt.summary.contains("edge-2"))
        #expect(outcome.shareAtHalt == .none)
        #expect(!outcome.hurts)
    }

    @Test("errors of the new color are reported with what they cost, and send the traffic back")
    func errors() throws {
        let outcome = WhatIf(step: "cutOver/shift-100%", fault: .newColorErrors(Percent(10), for: .minutes(1)))
            .perform(in: scenario)
        #expect(outcome.hurts && outcome.wrongAnswers > 0 && outcome.failedRequests == 0)
        #expect(outcome.returned != nil)
    }

    @Test("a reload while the old color is drained, soaked or asked to stop is put right without a halt")
    func reload() {
        for step in ["drain/drain", "soak/soak", "tearDown/stop"] as [StepID] {
            let outcome = WhatIf(step: step, fault: .loadBalancerReloaded("edge-1")).perform(in: scenario)
            #expect(outcome.halt == nil, "\(step): \(outcome.halt.map(\.summary) ?? "")")
            #expect(outcome.restored == ["edge-1"], "\(step)")
            #expect(!outcome.hurts, "\(step)")
        }
    }

    @Test("probes of what stands outside of the simulation, such as a Redis, hold up no run")
    func probesOutside() throws {
        var plan = plan
        plan.environment.gates.platform = ProbeGate(probes: [Probe(.redis(.init(address: "10.0.0.1:6379")))])
        plan.environment.gates.service.probes = [Probe(.http(url: "http://10.0.0.1", path: "/", expect: 200))]
        plan.environment.services.declared = [
            DeclaredService(name: "kubernetes", mover: .hand, method: "by hand", probe: Probe(.command(["check"])))
        ]
        let outcome = WhatIf(step: "no/step", fault: .callFails).perform(in: try Scenario(plan))
        #expect(outcome.end == .done, "\(outcome.halt.map(\.description) ?? "")")
    }

    @Test("a plan that names what it destroys does not halt by itself", arguments: [nil, [], ["server.blue-1"]])
    func destruction(_ destruction: [String]?) throws {
        var plan = plan
        plan.destruction = destruction
        #expect(WhatIf.halt(of: try Scenario(plan)) == nil)
    }
}
