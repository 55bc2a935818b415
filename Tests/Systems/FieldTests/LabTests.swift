import SandboxTesting
import Testing

@Suite("A lab")
struct LabTests {
    @Test("moves its users to green within seconds, and none of them notices")
    func cleanMove() async throws {
        try await Lab.with { lab in
            let outcome = try await Move(lab).end()
            #expect(outcome.status == 0, outcome.comment)
            outcome.expectUnharmed(by: "green")
        }
    }
}
