import SandboxTesting
import Testing

/// One sandbox with recorders for all tests of a suite, which leave it as they found it.
struct SharedSandbox: SuiteTrait, TestScoping {
    struct Shared: Sendable {
        var sandbox: SandboxFixture
        var recorders: Recorders
    }

    @TaskLocal static var current: Shared?

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await SandboxFixture.with { sandbox in
            let shared = Shared(sandbox: sandbox, recorders: try await Recorders(sandbox))
            try await SharedSandbox.$current.withValue(shared) { try await function() }
        }
    }
}
