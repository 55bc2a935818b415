import Engine
import Migration
import Planning

/// Waits until enough people have said yes.
struct AwaitApproval: StepWork {
    let demand: ApprovalDemand
    let reason: String

    static func expand(_ line: StepLine, _ demand: ApprovalDemand, _ reason: String) -> [Step] {
        [line.step("\(demand.words): \(reason)", .approval(demand, reason: reason), estimate: .zero)]
    }

    func perform(_ context: StepContext) async throws(Failure) -> String {
        let (id, count) = (context.step.id, demand.people)
        if try await context.countedApprovals().count < count {
            try await context.record(.approvalRequested(step: id, count: count, reason: reason))
        }
        try await context.poll(every: Period(milliseconds: 200)) { () async throws(Failure) -> String? in
            let given = try await context.countedApprovals()
            guard given.count < count else { return nil }
            let people = given.isEmpty ? "" : " (by \(given.map(\.by).joined(separator: ", ")))"
            return "approval \(given.count + 1) of \(count)\(people) \(reason): rz approve \(context.environment.name)"
        }
        return "approved by " + (try await context.countedApprovals().map(\.by).joined(separator: ", "))
    }
}
