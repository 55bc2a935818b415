import Foundation
import JSON
import SandboxTesting
import Testing

/// Users of a sandbox for the length of a test.
struct Users {
    let program: Program

    init(_ sandbox: SandboxFixture, rate: Int = 60) throws {
        program = try sandbox.start(["sandbox", "load", "--rate", String(rate), "--duration", "600", "--json"])
    }

    /// Stops asking; no request may have failed.
    func expectNoFailure() async throws {
        program.signal(SIGTERM)
        let report = try JSON(parsing: try await program.end().output)
        #expect(report["failed"]?.int == 0, "\(report.compact)")
        #expect(report["requests"]?.int ?? 0 > 0)
    }
}
