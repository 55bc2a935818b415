import JSON
import Testing

@Suite("The deadline of a drain")
struct DrainTests {
    /// load-balancers.md 2.1
    @Test("gives the traffic back where the environment says so")
    func rollback() async throws {
        var design = LabDesign()
        design.drain = "quiet: 500ms, deadline: 2s, atDeadline: rollback"
        design.serverTimeout = "60s"
        try await Lab.with(design) { lab in
            var patient = Users.Kind()
            patient.once = 4
            patient.timeout = 60
            patient.query = "?slow=15"
            let long = try lab.users(patient)
            let outcome = try await Move(lab).end()
            try outcome.expectBackOnBlue()
            outcome.expectUnharmed(by: "blue")
            #expect(try await long.end().failed.isEmpty)
        }
    }

    /// 2.4
    @Test("and a weight that another tool sets are not called a reload")
    func otherTool() async throws {
        var design = LabDesign()
        design.steps = "{ share: 50%, bake: 4s }, { share: 100%, bake: 1s }"
        try await Lab.with(design) { lab in
            let move = try await Move(lab)
            try await move.reach("50%")
            _ = try await lab.ask("edge-1", "set server be_web/green-1 weight 1")
            try await move.wait(of: "traffic.reasserted")
            let outcome = try await move.end()
            let reason = outcome.first("traffic.reasserted")?["reason"]?.string ?? ""
            #expect(!reason.contains("a reload or a restart"), "\(reason)")
            #expect(outcome.status == 0, outcome.comment)
            outcome.expectUnharmed(by: "green")
        }
    }
}
