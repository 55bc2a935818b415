import Engine
import Migration

/// What a runbook has done when its run has halted: people are called. None of it changes the run.
package struct HaltHooks: Sendable {
    private let plan: Plan
    private let runner: any StepRunner
    private let clock: any RunClock

    package init(_ plan: Plan, runner: any StepRunner, clock: any RunClock) {
        self.plan = plan
        self.runner = runner
        self.clock = clock
    }

    /// Performs them one after the other, whatever comes of the one before. Who stopped the run knows of it, and is not
    /// called.
    ///
    /// - Parameter note: takes a line for each once it has ended.
    package func perform(after state: RunState, note: (String) async -> Void) async {
        guard case .halted(let failure) = state.status, failure.kind != .cancelled else { return }
        for hook in plan.onHalt {
            let words = RunWords(plan, state, hook, failure: failure).orEmpty
            var result = StepResult.success("")
            for attempt in 1...max(1, hook.attempts) {
                result = await withDeadline(hook.deadline, clock, late: {}) { () async throws(Failure) -> String in
                    try await perform(hook.action, words)
                }
                // Whatever failed: to call people twice does no harm.
                guard case .failure = result, attempt < hook.attempts else { break }
                do { try await clock.sleep(.seconds(1)) } catch { return }
            }
            await note("\(hook.id): \(result.words(hook))")
        }
    }

    private func perform(_ action: Action, _ words: RunWords) async throws(Failure) -> String {
        switch action {
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
