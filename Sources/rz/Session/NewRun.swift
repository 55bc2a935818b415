import FoundationEssentials
import Glibc
import Migration
import Operations
import Planning
import Reporting
import Runbooks

/// Begins a run of an operation: plans it, asks, writes it down, and performs it.
struct NewRun {
    let operation: Operation
    /// What a person asked for.
    var request = PlanRequest()
    /// For people and for the lock: `rz update shop`.
    let purpose: String
    let asks: Bool
    let output: RunSession.Output

    /// - Parameters:
    ///   - saved: runs exactly this plan, and refuses a stale one; nil for a new one.
    ///   - until: halt after this phase.
    func perform(
        _ project: Project, saved: (plan: Plan, file: String)? = nil, until: PhaseID? = nil
    ) async throws -> ExitStatus {
        let name = project.environment.name
        let store = Interposition.around(
            try Stores.runs(of: name, project.places) { [settings = project.settings] in settings.secrets })
        return try await LockedRun.hold(store, purpose: purpose) { lease in
            try project.sweep()
            try await refuseIfUnfinished(Runs(environment: name, store: store))
            let plan = try await decide(project, saved)
            if plan.steps.isEmpty { return plan.drifts.isEmpty ? .done : .changes }
            try await project.claim?.make()
            let run = try await store.newRun(at: SystemClock().now)
            try await store.save(plan: try PlanCoding.text(of: plan), id: plan.id)
            return try await RunSession(
                project: project, plan: plan, run: run, store: store, epoch: lease.epoch, output: output
            ).perform(
                opening: .runStarted(
                    environment: name, plan: plan.id, from: plan.direction.old, to: plan.direction.new,
                    by: operatorName),
                until: until)
        }
    }

    private func refuseIfUnfinished(_ runs: Runs) async throws {
        guard let (_, state) = try await runs.latest(), !state.status.isEnded else { return }
        throw Failure(
            "\(state.run) of \(runs.environment) is not finished: it is in \(state.phase)",
            advice: "Go on with: \(Advice.resume(runs.environment)). "
                + "Go back with: \(Advice.rollback(runs.environment)).", kind: .refused)
    }

    /// The saved plan if it still fits, or a new one that the operator has said yes to.
    private func decide(_ project: Project, _ saved: (plan: Plan, file: String)?) async throws -> Plan {
        let plan: Plan
        if let saved {
            plan = try await project.approved(saved.plan, at: saved.file)
        } else {
            plan = try await project.plan(operation, request)
        }
        let terminal = Terminal.standardOutput
        if output != .json {
            terminal.write(
                PlanView(plan, style: terminal.style, width: terminal.width, runsNow: true).text + "\n",
                within: asks ? nil : .seconds(2))
        }
        try refuseIfBlocked(plan)
        guard asks, !plan.steps.isEmpty else { return plan }
        guard terminal.isInteractive, output != .json else {
            throw Failure("This is not a terminal, so no one can be asked", advice: "Pass --yes.", kind: .refused)
        }
        guard confirm("Run this plan? Only `yes` runs it:") else {
            throw Failure("Not confirmed; nothing was changed", kind: .refused)
        }
        return plan
    }

    private func refuseIfBlocked(_ plan: Plan) throws {
        guard plan.obstacles.isEmpty else {
            throw Failure(
                "\(plan.obstacles.count == 1 ? "Something blocks" : "\(plan.obstacles.count) things block") this plan",
                details: plan.obstacles, advice: "Fix it, then plan again.", kind: .refused)
        }
    }
}
