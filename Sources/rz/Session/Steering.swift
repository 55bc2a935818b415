import Migration
import Operations
import Planning
import Reporting
import Runbooks

/// Performing what was left by another process.
enum Steering {
    /// Takes the lock, writes down what is asked, and performs the run in this process.
    ///
    /// - Parameters:
    ///   - moved: the project of another commit and the plan that the run goes on with.
    ///   - confirm: asks a person before the first step of a run that was imported from another host.
    static func takeOver(
        _ runs: Runs, _ plan: Plan, _ state: RunState, asking request: Event.Kind?,
        moved: (project: Project, plan: Plan)? = nil,
        confirm: ((ImportedPlan) throws -> Void)? = nil, output: RunSession.Output
    ) async throws -> ExitStatus {
        let project = try moved?.project ?? Project.resume(plan)
        let store = Interposition.around(
            try Stores.runs(of: runs.environment, project.places) { [settings = project.settings] in settings.secrets })
        let isImported = try await store.isImported(plan: plan.id) && moved == nil
        if isImported {
            let imported = ImportedPlan(plan: plan, state: state, project: project)
            try await imported.refuseUnlessOfItsCommit(store)
            try confirm?(imported)
        }
        return try await LockedRun.hold(store, purpose: "run \(state.run)") { lease in
            if isImported { try await store.accept(plan: plan.id) }
            try project.sweep()
            if let moved {
                try await refuseIfItWentOn(store, since: state)
                try await store.save(plan: try PlanCoding.text(of: moved.plan), id: moved.plan.id)
            }
            if let request {
                _ = try await store.append([request], run: state.run, epoch: lease.epoch, at: SystemClock().now)
            }
            return try await RunSession(
                project: project, plan: moved?.plan ?? plan, run: state.run, store: store, epoch: lease.epoch,
                output: output
            ).perform(opening: .runResumed(by: operatorName))
        }
    }

    /// The person confirmed for the state that the run had then.
    private static func refuseIfItWentOn(_ store: any RunStore, since state: RunState) async throws {
        let news = try await store.events(of: state.run, after: state.sequence)
        guard news.isEmpty else {
            throw Failure(
                "\(state.run) went on while you decided", advice: "Look again: rz status \(store.environment).",
                kind: .refused)
        }
    }

    /// The latest run of an environment, if it can still be taken back.
    static func way(
        back runs: Runs, named: RunID?, after end: RunState.Status?
    ) async throws -> (plan: Plan, state: RunState) {
        guard let (plan, state) = try await runs.latest() else { throw try await runs.noRun() }
        try runs.refuseAnother(named, than: state)
        let words = plan.words
        switch state.status {
        case .done:
            throw Failure(
                "\(state.run) is done: \(words.done(plan) { "\($0) is gone" })",
                advice: words.afterwards(plan), kind: .refused)
        case .rolledBack:
            throw Failure(
                "\(state.run) is rolled back already: \(words.rolledBack(plan) { "\($0) is gone" })", kind: .refused)
        case .aborted where end == .aborted:
            throw Failure(
                "\(state.run) is aborted already: \(words.aborted(plan))",
                advice: "Take the rest back with: \(Advice.rollback(runs.environment)).", kind: .refused)
        default: break
        }
        guard canRollBack(state, plan) else {
            if plan.unreachable != nil { throw noWayToUnreachable(plan, state) }
            throw Failure(
                "There is no way back: \(plan.direction.old) is being taken down", at: state.phase.rawValue,
                advice: "Go on with: \(Advice.resume(runs.environment)).", kind: .refused)
        }
        return (plan, state)
    }

    private static func noWayToUnreachable(_ plan: Plan, _ state: RunState) -> Failure {
        let (old, new) = (plan.direction.old, plan.direction.new)
        return Failure(
            "There is no way back: \(old) did not answer, and users were given to \(new)", at: state.phase.rawValue,
            details: [
                "a step that fails gives users back by itself where \(old) serves them; where it does not, they stay on "
                    + "\(new)"
            ],
            advice: "Fix what is wrong on \(new), then go on with: \(Advice.resume(plan.environment.name)).",
            kind: .refused)
    }

    /// Asks the process that performs the run, or performs what is asked in this one.
    static func ask(
        _ request: Event.Kind, _ runs: Runs, _ plan: Plan, _ state: RunState, output: RunSession.Output
    ) async throws -> ExitStatus {
        if let performer = try await runs.performer() {
            try await runs.ask(request, of: state.run)
            Terminal.standardOutput.write(
                "Asked \(performer.host) (pid \(performer.pid)). See: rz status \(runs.environment) --watch\n")
            return .done
        }
        let status = try await takeOver(runs, plan, state, asking: request, output: output)
        // A requested rollback is a success here, while an update that was rolled back failed.
        return status == .rolledBack ? .done : status
    }
}
