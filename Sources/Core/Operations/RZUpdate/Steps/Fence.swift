import Engine
import Migration
import Planning

/// In place of a drain, of an old color that does not answer: whatever comes back of it gets no users.
package struct FenceStep: BuiltInStep {
    static let name: StepKind = "fence"
    package let use = BuiltIn.fence
    package let kind = FenceStep.name
    package let phase = PhaseID.drain
    package let isRequired = false
    package let standsFor: BuiltIn? = .drain

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        let old = scope.direction.old
        return [
            line.step(
                "\(old) fenced: its servers into maintenance", .fence, on: old, undo: .none, closesWayBack: true,
                estimate: .seconds(5))
        ]
    }

    package func work(_ step: Step) -> (any StepWork)? { FenceOldColor() }

    package func line(_ plan: Plan) -> PlanLine? {
        guard plan.unreachable != nil else { return nil }
        return PlanLine(
            "\(plan.direction.old) fenced: its servers into maintenance, its sessions ended; no wait for quiet, no soak, "
                + "no tearDown", mark: "!", .careful)
    }
}

extension BuiltIn {
    package static var fence: BuiltIn { "fence" }
}

extension Action {
    package static let fence = Action.builtIn(FenceStep.name, [:])
}

/// Keeps an old color that does not answer from getting users, or doing work, when it comes back: its servers go into
/// maintenance on every load balancer, and its services are suspended where their framework answers after all.
struct FenceOldColor: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        let (old, new) = (context.direction.old, context.direction.new)
        guard await context.state.traffic.verified == .all else {
            throw Failure("\(new) does not verifiably carry all traffic, so \(old) is not fenced")
        }
        try await context.knowServers(again: true)
        try await context.intend("put the servers of \(old) into maintenance and end their sessions")
        let traffic = await context.traffic
        try await context.poll { () async throws(Failure) -> String? in
            try await context.keepTraffic(try await traffic.observe()) ? nil : StepContext.restoring
        }
        try await traffic.noteTakenOut()
        let servers = try await traffic.fenceOldColor()
        let suspended = try await suspendWhereAnswered(context)
        try await context.recordServices(try await context.cluster(of: new).observeServices())
        return "\(Wording.count(servers, "server")) of \(old) in maintenance, its sessions ended; \(suspended)"
    }

    /// A framework that stops answering is not asked again.
    private func suspendWhereAnswered(_ context: StepContext) async throws(Failure) -> String {
        var suspended = 0
        var silent: [String: String] = [:]
        for service in context.plan.services {
            let title = context.environment.services.sourceTitle(of: service.id)
            guard silent[title] == nil, let framework = try await context.answeringFramework(of: service.id) else {
                continue
            }
            await context.wait(for: "\(service.id) to be suspended in \(context.color)")
            do throws(Failure) {
                try await context.fence.act { () async throws(Failure) in try await framework.suspend(service.id) }
                suspended += 1
            } catch {
                if error.kind == .cancelled { throw error }
                silent[title] = error.summary
            }
        }
        for (title, reason) in silent.sorted(by: { $0.key < $1.key }) {
            try await context.record(
                .noted(text: "unverified: that the services of \(title) do not run on \(context.color): \(reason)"))
        }
        let left = context.plan.services.count - suspended
        return left == 0
            ? "its services are suspended"
            : "\(suspended) of its \(Wording.count(context.plan.services.count, "service")) suspended, \(left) unverified"
    }
}
