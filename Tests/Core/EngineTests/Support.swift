import Engine
import Migration
import Testing

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
