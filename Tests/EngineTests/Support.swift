import Engine
import Migration
import Testing

/// Waits for a condition; the deadline makes a wait that never ends a failure.
func eventually(_ condition: @Sendable () async -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while await !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("the condition never held")
            throw CancellationError()
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}

extension RunState {
    /// Why the run halted; a run that did not is a failure of the test.
    func halt() throws -> Failure {
        guard case .halted(let failure) = status else {
            Issue.record("not halted: \(status)")
            throw CancellationError()
        }
        return failure
    }
}
