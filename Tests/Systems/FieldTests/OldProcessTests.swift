import Testing

/// load-balancers.md 1.8, tools.md T1: after a reload the process of before goes on with its own sessions.
@Suite("Old processes of a load balancer")
struct OldProcessTests {
    @Test("hold the drain until their last session is over")
    func withMasterSocket() async throws {
        try await move(hasMasterSocket: true) { outcome in
            #expect(outcome.status == 0, outcome.comment)
        }
    }

    @Test("hold the drain where they can't be asked")
    func withoutMasterSocket() async throws {
        try await move(hasMasterSocket: false) { outcome in
            #expect(outcome.status == 3, outcome.comment)
            #expect(!outcome.hasEntered("soak"), outcome.comment)
        }
    }

    private func move(hasMasterSocket: Bool, _ check: (Move.Outcome) -> Void) async throws {
        var design = LabDesign()
        design.hasMasterSocket = hasMasterSocket
        design.serverTimeout = "60s"
        design.steps = "{ share: 50%, bake: 4s }, { share: 100%, bake: 1s }"
        design.drain = "quiet: 500ms, deadline: \(hasMasterSocket ? 40 : 4)s, atDeadline: hold"
        try await Lab.with(design) { lab in
            var patient = Users.Kind()
            patient.once = 12
            patient.timeout = 60
            patient.query = "?slow=25"
            let long = try lab.users(patient)
            let move = try await Move(lab)
            try await move.reach("50%")
            for edge in lab.design.edges { try await lab.reload(edge) }
            let outcome = try await move.end()
            let served = try await long.end()
            #expect(served.count == 12)
            #expect(served.failed.count == 0, "\(served.summary)\n\(outcome.comment)")
            check(outcome)
            // Idle connections that the old process closes are not met: users keep none.
            #expect(outcome.requests.failed.count == 0, outcome.comment)
        }
    }
}
