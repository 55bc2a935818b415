import Engine
import Migration
import Planning

/// The platform of the new color: the gate before the first launch.
package struct PlatformStep: BuiltInStep {
    static let name: StepKind = "awaitPlatform"
    package let use = BuiltIn.platform
    package let kind = PlatformStep.name
    package let phase = PhaseID.platformGate
    package let changesSomething = false

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        let new = scope.direction.new
        return [line.step("platform of \(new)", .awaitPlatform, on: new, estimate: .seconds(5))]
    }

    package func work(_ step: Step) -> (any StepWork)? { AwaitPlatform() }

    package func line(_ plan: Plan) -> PlanLine? {
        PlanLine(
            "the platform of \(plan.direction.new) answers and leads"
                + (plan.environment.gates.platform.map { ", " + Wording.count($0.probes.count, "probe") } ?? ""))
    }
}

extension BuiltIn {
    package static var platform: BuiltIn { "platform" }
}

extension Action {
    package static let awaitPlatform = Action.builtIn(PlatformStep.name, [:])
}

/// Waits until the new color's platform takes services, and proves that those that are to move have a place there.
struct AwaitPlatform: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        let color = context.color
        let agents = try await context.agents(of: color)
        try await context.poll { () async throws(Failure) -> String? in
            do throws(Failure) {
                for state in [try await context.cluster(of: color).observePlatform(), try await agents?.observe()] {
                    guard let state, !state.isReady else { continue }
                    return "\(state.description): \(state.missing.joined(separator: "; "))"
                }
                return nil
            } catch  where error.kind == .transient || error.kind == .unknownEffect {
                // A platform that was started a moment ago does not answer yet.
                return error.summary
            }
        }
        try await awaitProbes(context)
        let framework = try await context.cluster(of: color).observePlatform().description
        guard let agents else { return framework }
        let room = try await prove(agents, context)
        return try await "\(framework), \(agents.observe().description); \(room.description)"
    }

    /// What services need as soon as they start.
    private func awaitProbes(_ context: StepContext) async throws(Failure) {
        guard let gate = context.environment.gates.platform else { return }
        var probes = ProbeRounds(gate)
        while let missing = try await probes.ask(context) {
            await context.wait(for: missing)
            try await context.pause(Period(milliseconds: 250))
        }
    }

    /// Before the first launch: a service that no agent takes would wait without end, and the cutover with it.
    private func prove(_ agents: any AgentPool, _ context: StepContext) async throws(Failure) -> CapacityReport {
        if context.plan.services.isEmpty { return try await agents.observeCapacity(for: []) }
        let new = context.direction.new
        let old = try await context.cluster(of: context.direction.old)
        let placement = try await context.placement()
        let planned = Set(context.plan.services.map(\.id))
        let desired = try DesiredServices(
            of: try await OldServices(context).observe().filter { planned.contains($0.id) }, on: old,
            rules: context.environment.services, inventory: placement.new)
        let room = try await agents.observeCapacity(for: desired.pairs.map(\.wanted))
        let lacking = try desired.obstacles(of: desired.pairs, in: placement) + room.shortfalls
        guard lacking.isEmpty else {
            throw Failure(
                "\(new) has no place for all services", details: lacking,
                advice: "Give \(new) what is missing, then: rz resume. Or go back: rz rollback.", kind: .refused)
        }
        return room
    }
}
