import Engine
import Migration
import Planning

/// Waits until enough people have said yes.
struct AwaitApproval: StepWork {
    let count: Int
    let reason: String

    static func expand(_ line: StepLine, _ count: Int, _ reason: String) -> [Step] {
        [
            line.step(
                "\(Wording.count(count, "approval")): \(reason)", .approval(count: count, reason: reason),
                estimate: .zero)
        ]
    }

    func perform(_ context: StepContext) async throws(Failure) -> String {
        let id = context.step.id
        if await given(context).count < count {
            try await context.record(.approvalRequested(step: id, count: count, reason: reason))
        }
        try await context.poll(every: Period(milliseconds: 200)) { () async throws(Failure) -> String? in
            let given = await given(context)
            guard given.count < count else { return nil }
            let people = given.isEmpty ? "" : " (by \(given.map(\.by).joined(separator: ", ")))"
            return "approval \(given.count + 1) of \(count)\(people) \(reason): rz approve \(context.environment.name)"
        }
        return "approved by " + (await given(context).map(\.by).joined(separator: ", "))
    }

    private func given(_ context: StepContext) async -> [RunState.Approval] {
        await context.state.approvals(of: context.step, in: context.plan)
    }
}
