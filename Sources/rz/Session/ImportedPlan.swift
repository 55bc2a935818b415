import Migration
import Operations
import Planning
import Reporting
import Runbooks

/// A plan that `rz journal import` brought from another host: data, until it was compared with what its commit says.
struct ImportedPlan {
    let plan: Plan
    let state: RunState
    let project: Project

    /// - Throws: `Failure` of kind `.refused` where the plan would do anything that the pinned copy does not say.
    func refuseUnlessOfItsCommit(_ plans: any PlanStore) async throws {
        let differences = try await project.planner(try Operation.of(plan)).differences(from: plan, in: state) { own in
            let text = try plans.masked(plan: try PlanCoding.text(of: own))
            return try PlanCoding.plan(from: Array(text.utf8))
        }
        guard differences.isEmpty else {
            let commit = plan.source.commit.map { String($0.prefix(12)) }
            throw Failure(
                "The imported plan \(Plan.short(plan.id)) is not what "
                    + "\(commit.map { "commit \($0)" } ?? "its copy of the environment") says",
                at: project.places.copy(plan.source, of: plan.environment.name), details: differences,
                advice: "Was the export changed, or made by another version of rz? Make the plan again from the "
                    + "checkout: \(Advice.resume(plan.environment.name)) --commit \(commit ?? "COMMIT")",
                kind: .refused)
        }
    }

    /// For people, before they say yes to the first step on this host.
    var text: String {
        "\(state.run) was imported from another host. Its plan is what "
            + "\(plan.source.commit.map { "commit \($0.prefix(12))" } ?? "its copy") says. Left to do:\n"
            + RemainingSteps(plan, state).text
    }
}
