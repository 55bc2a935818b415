import Engine
import Migration
import Planning

/// The old color without traffic, and quiet.
package struct DrainStep: BuiltInStep {
    static let name: StepKind = "drain"
    package let use = BuiltIn.drain
    package let kind = DrainStep.name
    package let phase = PhaseID.drain
    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        let drain = scope.environment.drain
        let old = scope.direction.old
        return [
            line.step(
                "until \(old) is quiet for \(drain.quiet)", .drain, on: old, estimate: drain.quiet + .seconds(2),
                extra: drain.deadline)
        ]
    }

    package func work(_ step: Step) -> (any StepWork)? { DrainOldColor() }

    package func line(_ plan: Plan) -> PlanLine? {
        guard plan.unreachable == nil else { return nil }
        let drain = plan.environment.drain
        return PlanLine(
            "until quiet for \(Wording.length(drain.quiet)), at most \(Wording.length(drain.deadline)), "
                + "then \(drain.atDeadline.rawValue)")
    }
}

extension BuiltIn {
    package static var drain: BuiltIn { "drain" }
}

extension Action {
    package static let drain = Action.builtIn(DrainStep.name, [:])
}

/// Drains the old color until it has been quiet for a while on every load balancer, then puts it into maintenance.
struct DrainOldColor: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        let old = context.color
        guard await context.state.traffic.verified == .all else {
            throw Failure("\(context.direction.new) does not verifiably carry all traffic, so \(old) is not drained")
        }
        try await context.knowServers(again: true)
        try await context.intend("drain \(old)")
        if try await !isInMaintenance(context) {
            try await context.traffic.noteTakenOut()
            try await takeOut(.drain, context)
            let cut = context.environment.traffic.filter { $0.persistence == .cut }
            if !cut.isEmpty { try await Quiet(context).cut(cut) }
        }
        let since = try await Quiet(context).prove()
        try await takeOut(.maint, context)
        return "\(old) quiet since \(since.clock)"
    }

    /// Once the new color carries everything.
    private func takeOut(
        _ administration: ServerState.Administration, _ context: StepContext
    ) async throws(Failure) {
        try await context.awaitCarried()
        try await context.traffic.takeOutOldColor(administration)
    }

    private func isInMaintenance(_ context: StepContext) async throws(Failure) -> Bool {
        guard await context.state.traffic.isOldTakenOut else { return false }
        let traffic = await context.traffic
        let observation = try await traffic.observe()
        let targets = try await traffic.targets(observation)
        return observation.states.allSatisfy { name, state in
            context.environment.traffic.allSatisfy { rule in
                targets.movable(context.direction.old, rule, on: name, state).allSatisfy { $0.administration == .maint }
            }
        }
    }
}
