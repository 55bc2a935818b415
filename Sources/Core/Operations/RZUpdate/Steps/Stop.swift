import Engine
import Migration
import Planning

/// The old color's services stopped.
package struct StopStep: BuiltInStep {
    static let name: StepKind = "stopServices"
    package let use = BuiltIn.stop
    package let kind = StopStep.name
    package let phase = PhaseID.tearDown
    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        let old = scope.direction.old
        return [
            line.step(
                "services of \(old) stopped", .stopServices, on: old, undo: .none, closesWayBack: true,
                estimate: .seconds(5))
        ]
    }

    package func work(_ step: Step) -> (any StepWork)? { StopServices() }
}

extension BuiltIn {
    package static var stop: BuiltIn { "stop" }
}

extension Action {
    package static let stopServices = Action.builtIn(StopStep.name, [:])
}

/// Stops the old color's services, those that others need last.
struct StopServices: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        try await context.knowServers(again: true)
        guard try await !context.observeInventory(of: context.color).isEmpty else { return "no servers are left" }
        let old = try await context.cluster(of: context.color)
        try await RightTarget(context).refuseShared("stopped")
        try await RightTarget(context).refuseUnplannedDestruction()
        // Once they are being stopped, what is missing was stopped by the run itself.
        let isStopping = await context.state.steps[context.step.id]?.isIntended == true
        if !isStopping { try await takeAgain(context) }
        let services = isStopping ? try await old.observeServices() : try await OldServices(context).observe()
        let parity = try await Parity.observe(context, old: services)
        let came = try await refuseToLose(old, parity, context)
        try await context.recordServices(parity.found)
        try await Quiet(context).demandForGood()
        try await context.intend("stop the services of \(context.color)")
        let ids = came + context.plan.services.reversed().map(\.id)
        for id in ids {
            await context.wait(for: "\(id) to stop")
            // Before each, as stopping the one before may have taken long.
            try await Quiet(context).demandForGood()
            try await context.fence.act { () async throws(Failure) in try await old.stop(id) }
        }
        try await context.poll { () async throws(Failure) -> String? in
            let left = try await old.observeHealth(ids)
                .filter { $0.value.running + $0.value.staged > 0 || $0.value.isDeploying }.keys.sorted()
            return left.isEmpty
                ? nil
                : "\(Wording.count(left.count, "service")) to stop: \(left.prefix(3).map(\.text).joined(separator: ", "))"
        }
        return "\(Wording.count(ids.count, "service")) stopped"
    }

    /// What runs in one color only, and in neither any more, would end with the old one.
    private func takeAgain(_ context: StepContext) async throws(Failure) {
        for service in context.plan.services where service.mode.isSingleton {
            try await HandOverService(id: service.id).takeAgain(context)
        }
    }

    /// What is on the old color only would be gone for good.
    ///
    /// - Returns: services that the plan does not know and both colors have: they came during the run.
    private func refuseToLose(
        _ old: any Cluster, _ parity: Parity, _ context: StepContext
    ) async throws(Failure) -> [ServiceID] {
        let manual = context.plan.ignored.filter(\.isLeftToPeople).map(\.id)
        let running = try await old.observeHealth(manual).filter { $0.value.running + $0.value.staged > 0 }.keys
        let lost =
            running.sorted().map { "\($0): runs, and a person has to move it" }
            + parity.missing.map { "\($0): came after \(context.direction.new) was copied" }
            + (try await unclaimed(parity, context))
        guard lost.isEmpty else {
            throw Failure(
                "Services run on \(context.direction.old) only, and would be lost", details: lost,
                advice: "Move each with its data and remove it from \(context.direction.old), then: rz resume.",
                kind: .refused)
        }
        let planned = Set(context.plan.services.map(\.id))
        return parity.desired.pairs.map(\.found.id).filter { !planned.contains($0) }
    }

    /// What Mesos runs on the old color and no source reports, as far as there are agents to ask.
    private func unclaimed(_ parity: Parity, _ context: StepContext) async throws(Failure) -> [String] {
        guard let agents = try await context.agents(of: context.direction.old) else { return [] }
        let staying = context.plan.ignored.filter { !$0.isLeftToPeople }.map(\.id)
        let known =
            parity.desired.pairs.map(\.found.id) + parity.found.map(\.id) + context.plan.services.map(\.id) + staying
        return try await agents.observeUnclaimed(besides: known, ignoring: context.environment.services.ignore)
    }
}
