import Engine
import Migration
import Planning

/// What must run in one color only, given to the new one.
package struct HandOverStep: BuiltInStep {
    static let name: StepKind = "handOver"
    package let use = BuiltIn.handOver
    package let kind = HandOverStep.name
    package let phase = PhaseID.cutOver
    package let each: String? = "hand-over, each service"

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        let new = scope.direction.new
        return scope.services.filter(\.mode.isSingleton).map { service in
            line.step(
                "\(service.id) handed over to \(new)", .handOver(service.id), on: new, suffix: service.id.suffix,
                undo: scope.unreachable == nil ? .costly : .none, closesWayBack: scope.unreachable != nil,
                isTakenBack: scope.unreachable == nil, estimate: .seconds(10))
        }
    }

    package func work(_ step: Step) -> (any StepWork)? { step.action.service.map { HandOverService(id: $0) } }
}

extension BuiltIn {
    package static var handOver: BuiltIn { "handOver" }
}

extension Action {
    package static func handOver(_ service: ServiceID) -> Action {
        .builtIn(HandOverStep.name, ["service": service.text])
    }
}

/// Gives a service that may run in one color only to the new one: let go in the old color first, taken in the new one
/// only when nothing of it runs any more (invariant I4).
///
/// What is about to be done is in the journal before each call, so that a crash at any point leaves a service that
/// no one runs, never one that both do. Going back is the same with the colors exchanged.
struct HandOverService: StepWork {
    let id: ServiceID

    func perform(_ context: StepContext) async throws(Failure) -> String {
        try await context.intend("hand \(id) over to \(context.direction.new)")
        if context.plan.unreachable != nil, try await !answers(context) {
            return try await takeFromUnreachable(context)
        }
        return try await move(from: context.direction.old, to: context.direction.new, context)
    }

    func undo(_ context: StepContext) async throws(Failure) -> String {
        guard try await !context.observeInventory(of: context.direction.old).isEmpty else {
            return "no servers to go back to"
        }
        try await awaitLateRequests(context)
        return try await move(from: context.direction.new, to: context.direction.old, context)
    }

    /// Gives the new color what it had acquired and does not run any more: a request of an rz that died may arrive after
    /// that of its successor.
    func takeAgain(_ context: StepContext) async throws(Failure) {
        let new = context.direction.new
        guard await context.state.handOvers[id]?.holder == new, try await !activity(in: new, context).isEnabled else {
            return
        }
        try await context.record(.noted(text: "\(id) was acquired by \(new) and is suspended there: acquired again"))
        _ = try await move(from: context.direction.old, to: new, context)
    }

    private func move(from giver: Color, to taker: Color, _ context: StepContext) async throws(Failure) -> String {
        let there = try await activity(in: taker, context)
        if there.isEnabled {
            try await refuseTwoHolders(giver, taker, context)
            if let known = await context.state.handOvers[id], known.holder != taker {
                try await context.record(.acquired(service: id, color: taker, nextFire: there.nextFire))
            }
            try await makeUpForMissedRun(in: taker, context)
            try await awaitHealth(there.instances, in: taker, context)
            return "runs in \(taker) already"
        }
        try await release(in: giver, context)
        guard let instances = await context.state.handOvers[id]?.instances else {
            return "is suspended in \(giver) and stays so in \(taker)"
        }
        try await awaitEnd(in: giver, context)
        try await take(in: taker, instances: instances, context)
        try await makeUpForMissedRun(in: taker, context)
        return await summary(taker, context)
    }

    // MARK: - From a color that does not answer

    /// A framework that answered when the plan was made is where the service is suspended; when it has stopped answering,
    /// only a person can say that nothing of the service runs there.
    private func answers(_ context: StepContext) async throws(Failure) -> Bool {
        guard let framework = try await context.answeringFramework(of: id) else { return false }
        let isVouched = try await !context.countedApprovals().isEmpty
        do throws(Failure) {
            // One that does not report the service answers, too: that ends nothing there (I12).
            _ = try await framework.observeActivity([id])
            return true
        } catch  where error.kind != .cancelled {
            if isVouched { return false }
            var failure = error
            let (old, name) = (context.direction.old, context.environment.name)
            try await context.record(
                .approvalRequested(
                    step: context.step.id, count: 1,
                    reason: "that nothing of \(id) runs on \(old), which stopped answering"))
            failure.advice =
                "See that nothing of \(id) runs on \(old) any more; then run: rz approve \(name), and rz resume \(name)"
            throw failure
        }
    }

    /// The new color lets it run as the old one did when it was last looked at: that it does no more, no one can prove.
    private func takeFromUnreachable(_ context: StepContext) async throws(Failure) -> String {
        let (old, new) = (context.direction.old, context.direction.new)
        let there = try await activity(in: new, context)
        guard !there.isEnabled else {
            if await context.state.handOvers[id]?.holder != new {
                try await context.record(.acquired(service: id, color: new, nextFire: there.nextFire))
            }
            try await awaitHealth(there.instances, in: new, context)
            return "runs in \(new) already"
        }
        guard let before = try await context.cluster(of: old).observeActivity([id])[id] else {
            throw OldServices.missing(id, in: old, context)
        }
        guard before.isEnabled else { return "was suspended in \(old) and stays so in \(new)" }
        try await take(in: new, instances: before.instances, context)
        return "runs in \(new); that it does not run in \(old) is unverified"
    }

    private func awaitLateRequests(_ context: StepContext) async throws(Failure) {
        guard await context.state.handOvers[id]?.isUnanswered == true else { return }
        try await context.awaitLateRequests(about: id)
    }

    // MARK: - Letting go

    private func release(in giver: Color, _ context: StepContext) async throws(Failure) {
        guard let known = try await observe(giver: giver, context) else { return }
        if known.isEnabled {
            let next = try await awaitQuietWindow(known, in: giver, context)
            try await context.record(
                .releaseIntended(service: id, color: giver, instances: next.instances, nextFire: next.nextFire))
            let cluster = try await cluster(of: giver, context)
            try await context.fence.act { () async throws(Failure) in try await cluster.suspend(id) }
        }
        let after = try await activity(in: giver, context)
        guard !after.isEnabled else {
            throw Failure("\(id) was suspended in \(giver) but is still enabled there", kind: .transient)
        }
        if await context.state.handOvers[id]?.holder == giver {
            try await context.record(.released(service: id, color: giver, nextFire: after.nextFire))
        }
    }

    /// A job is not released right before it fires: better to let that run begin and end. Only the next run is waited
    /// for: some jobs fire all the time.
    private func awaitQuietWindow(
        _ known: ServiceActivity, in giver: Color, _ context: StepContext
    ) async throws(Failure) -> ServiceActivity {
        var known = known
        let first = known.nextFire
        while let next = known.nextFire, next == first, next >= context.clock.now,
            next - context.clock.now < HandOverService.margin
        {
            await context.wait(for: "\(id) to fire at \(next.clock)")
            try await context.pause(Period(milliseconds: 500))
            known = try await activity(in: giver, context)
        }
        return known
    }

    /// Disabling and enabling takes a few seconds at most.
    private static let margin = Period.seconds(5)

    private func awaitEnd(in giver: Color, _ context: StepContext) async throws(Failure) {
        try await context.poll { () async throws(Failure) -> String? in
            guard let known = try await observe(giver: giver, context), known.running > 0 else { return nil }
            return "\(id) to end in \(giver): \(known.running) running"
        }
    }

    // MARK: - Taking

    private func take(in taker: Color, instances: Int, _ context: StepContext) async throws(Failure) {
        let before = try await activity(in: taker, context)
        try await context.record(.acquireIntended(service: id, color: taker, nextFire: before.nextFire))
        let cluster = try await context.cluster(of: taker)
        try await context.fence.act { () async throws(Failure) in try await cluster.activate(id, instances: instances) }
        let after = try await activity(in: taker, context)
        guard after.isEnabled else {
            throw Failure("\(id) was enabled in \(taker) but is still suspended there", kind: .transient)
        }
        try await context.record(.acquired(service: id, color: taker, nextFire: after.nextFire))
        try await awaitHealth(instances, in: taker, context)
    }

    /// A job has no instances to wait for.
    private func awaitHealth(_ instances: Int, in taker: Color, _ context: StepContext) async throws(Failure) {
        guard instances > 0 else { return }
        let cluster = try await context.cluster(of: taker)
        try await context.poll { () async throws(Failure) -> String? in
            guard let health = try await cluster.observeHealth([id])[id] else { return "\(id) to appear" }
            return health.isReady ? nil : "\(id): \(health.description)"
        }
    }

    /// One run, at most: where it is not known whether it was started, it is told and not started again.
    private func makeUpForMissedRun(in taker: Color, _ context: StepContext) async throws(Failure) {
        guard let known = await context.state.handOvers[id] else { return }
        if known.hasMissedRun, let due = known.due {
            let cluster = try await context.cluster(of: taker)
            try await context.record(.missedRunIntended(service: id, color: taker, due: due))
            try await context.fence.act { () async throws(Failure) in try await cluster.runOnce(id) }
            try await context.record(.missedRunStarted(service: id, color: taker, due: due))
        } else if known.missedRunIsIntended, let due = known.due {
            try await context.record(.missedRunInDoubt(service: id, color: taker, due: due))
        }
        if let doubtful = known.doubtful {
            try await context.record(.missedRunInDoubt(service: id, color: taker, due: doubtful))
        }
    }

    // MARK: - Looking

    private func observe(in color: Color, _ context: StepContext) async throws(Failure) -> ServiceActivity? {
        try await cluster(of: color, context).observeActivity([id])[id]
    }

    private func cluster(of color: Color, _ context: StepContext) async throws(Failure) -> any Cluster {
        if color == context.direction.old, let framework = try await context.answeringFramework(of: id) {
            return framework
        }
        return try await context.cluster(of: color)
    }

    /// That a color reports nothing of what it was given to run ends nothing there (invariant I12).
    ///
    /// - Returns: nil where the color was never given it.
    private func observe(giver: Color, _ context: StepContext) async throws(Failure) -> ServiceActivity? {
        if let known = try await observe(in: giver, context) { return known }
        let wasHandedOver = await context.state.handOvers[id] != nil
        guard giver == context.direction.old || wasHandedOver else { return nil }
        throw OldServices.missing(id, in: giver, context)
    }

    private func activity(in color: Color, _ context: StepContext) async throws(Failure) -> ServiceActivity {
        guard let known = try await observe(in: color, context) else {
            throw Failure("\(id) is not in \(color)", advice: "See why it is gone, then: rz resume.")
        }
        return known
    }

    private func refuseTwoHolders(_ giver: Color, _ taker: Color, _ context: StepContext) async throws(Failure) {
        guard try await observe(in: giver, context)?.isEnabled == true else { return }
        throw Failure(
            "\(id) is enabled in both colors, and must run in one color only", at: id.text,
            advice: "Something other than rz enabled it. Disable it in \(taker), then: rz resume.")
    }

    private func summary(_ taker: Color, _ context: StepContext) async -> String {
        guard let downtime = await context.state.handOvers[id]?.downtime else { return "runs in \(taker)" }
        return "runs in \(taker), nowhere for \(downtime)"
    }
}
