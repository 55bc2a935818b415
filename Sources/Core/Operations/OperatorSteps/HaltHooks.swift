import Engine
import Migration

/// What a runbook has done when its run has halted: people are called. None of it changes the run.
package actor HaltHooks {
    private let plan: Plan
    private let runner: any StepRunner
    private let clock: any RunClock
    private var underWay: Task<StepResult, Never>?
    private var isStopped = false

    package init(_ plan: Plan, runner: any StepRunner, clock: any RunClock) {
        self.plan = plan
        self.runner = runner
        self.clock = clock
    }

    /// Ends what is under way, and begins nothing more.
    package func stop() {
        isStopped = true
        underWay?.cancel()
    }

    /// Performs one of the plan's hooks, again where it fails and may be tried again: to call people twice does no harm.
    ///
    /// - Returns: what came of it, in a line.
    package func perform(_ hook: Step, after state: RunState, _ failure: Failure) async -> String {
        let words = RunWords(plan, state, hook, failure: failure).orEmpty
        var result = StepResult.failure(.cancelled)
        for attempt in 1...max(1, hook.attempts) where !isStopped {
            let (runner, clock) = (runner, clock)
            let call = Task {
                await withDeadline(hook.deadline, clock, late: {}) { () async throws(Failure) -> String in
                    try await hook.action.perform(by: runner, words)
                }
            }
            underWay = call
            result = await call.value
            guard case .failure = result, attempt < hook.attempts, !isStopped else { break }
            do { try await clock.sleep(.seconds(1)) } catch { break }
        }
        return "\(hook.id): \(result.words(hook))"
    }
}

extension Plan {
    /// What is to be done now that a run of it has ended, and why. Who stopped the run knows of it, and is not called.
    package func hooks(after state: RunState) -> (steps: [Step], failure: Failure)? {
        guard case .halted(let failure) = state.status, failure.kind != .cancelled else { return nil }
        return (onHalt, failure)
    }
}

extension Action {
    fileprivate func perform(by runner: any StepRunner, _ words: RunWords) async throws(Failure) -> String {
        switch self {
        case .exec(let work): _ = try await runner.run(work.named(by: words), inventory: Inventory()) { _ in }
        case .http(let work): _ = try await runner.call(work.named(by: words), inventory: Inventory())
        case .builtIn, .approval, .wait, .window: break
        }
        return "done"
    }
}

extension StepResult {
    fileprivate func words(_ hook: Step) -> String {
        switch self {
        case .success(let words): words
        case .failure(let failure): "failed: \(([failure.summary] + failure.details).joined(separator: "; "))"
        case .tooLate: "not done within \(hook.deadline)"
        }
    }
}
