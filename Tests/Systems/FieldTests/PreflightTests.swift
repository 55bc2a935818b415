import SandboxTesting
import Testing

@Suite("Load balancers that can't be moved")
struct PreflightTests {
    /// load-balancers.md 3.1, tools.md T13
    @Test("by weights are found before anything is built", arguments: ["source", "uri", "hash path"])
    func staticAlgorithm(algorithm: String) async throws {
        var design = LabDesign()
        design.backend = ["balance \(algorithm)"]
        try await Lab.with(design) { lab in
            try await Move(lab).end().expectRefused("be_web")
        }
    }

    /// load-balancers.md 1.15
    @Test("for good, without a state file, are refused until someone accepts it")
    func noStateFile() async throws {
        var design = LabDesign()
        design.hasStateFile = false
        try await Lab.with(design) { lab in
            try await Move(lab).end().expectRefused("stateFile")
        }
    }

    @Test("for good, without a state file, say in the end what to change there", .enabled(if: Lab.knowsMasterSockets))
    func acceptedWithoutStateFile() async throws {
        var design = LabDesign()
        design.hasStateFile = false
        design.loadBalancer = ["stateFile: { none: the configuration is changed by hand }"]
        try await Lab.with(design) { lab in
            let outcome = try await Move(lab).end()
            #expect(outcome.status == 0, outcome.comment)
            #expect(outcome.text.contains("weight"), outcome.comment)
            outcome.expectUnharmed(by: "green")
        }
    }

    /// load-balancers.md 1.17
    @Test("by two runs from two homes at once: never do both move, and no one who is refused harms users")
    func twoHomes() async throws {
        try await Lab.with { lab in
            let move = try await Move(lab)
            let other = try lab.start(
                "update", "lab", "--yes", "--json", variables: ["RZ_HOME": lab.folder + "/home2"])
            let second = try await other.end()
            let outcome = try await move.end()
            // In step with each other each may own one load balancer: then both are refused, and all is on blue again.
            let moved = [outcome.status, second.status].count { $0 == 0 }
            #expect(moved <= 1, "\(second.all)\n\(outcome.comment)")
            #expect((second.all + outcome.tail + outcome.text).contains("another run owns this load balancer"))
            outcome.expectUnharmed(by: moved == 1 ? "green" : "blue")
        }
    }

    /// 1.17, tools.md T37
    @Test("where another environment's epoch is higher are moved all the same, or refused before anything is built")
    func epochOfAnother() async throws {
        var design = LabDesign()
        design.steps = "{ share: 100%, bake: 1s }"
        try await Lab.with(design) { lab in
            for edge in lab.design.edges {
                let answer = try await lab.ask(edge, "set map \(lab.epochMap(of: edge)) epoch 50")
                try require(answer.trimmingPrefix("\n").isEmpty, answer)
            }
            let outcome = try await Move(lab).end()
            #expect(outcome.status == 0 || !outcome.hasEntered("standUp"), outcome.comment)
            #expect(outcome.requests.failed.count == 0, outcome.comment)
        }
    }
}
