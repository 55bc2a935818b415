import SandboxTesting
import Testing

/// load-balancers.md 1.9, tools.md T10: weight 0 and drain do not move a user who is remembered.
@Suite("Users whom a load balancer remembers")
struct PersistenceTests {
    enum Memory: String, CaseIterable, Sendable { case cookie, table }

    private func design(_ memory: Memory) -> LabDesign {
        var design = LabDesign()
        switch memory {
        case .cookie:
            design.backend = ["cookie SRV insert indirect nocache"]
            design.change = { line in line.options += " cookie \(line.name)" }
        case .table:
            design.backend = ["stick-table type ip size 10k expire 10m", "stick on src"]
        }
        return design
    }

    private func users(_ memory: Memory) -> Users.Kind {
        var users = Users.Kind()
        switch memory {
        case .cookie: users.cookies = 20
        case .table: users.sources = 20
        }
        return users
    }

    @Test("leave a bad green when the traffic goes back", arguments: Memory.allCases)
    func verdict(memory: Memory) async throws {
        var design = design(memory)
        design.steps = "{ share: 50%, bake: 6s }, { share: 100%, bake: 1s }"
        if Lab.knowsMasterSockets { design.rule = ["persistence: cut"] }
        try await Lab.with(design) { lab in
            // Of the users who come now, half are remembered on green.
            var none = users(memory)
            none.rate = 50
            let move = try await Move(lab, none)
            try await move.reach("50%")
            let fresh = try lab.users(users(memory))
            try await fresh.goOn(for: 100)
            try await lab.set("web/green-*", "errors")
            let outcome = try await move.end()
            try await fresh.goOn(for: 100)
            let requests = try await fresh.end()
            try outcome.expectBackOnBlue()
            let back = try #require(outcome.last("traffic.returned")?.time, outcome.comment)
            #expect(requests.began(after: back).failed.count == 0, "\(requests.summary)\n\(outcome.comment)")
        }
    }

    @Test("are moved once at the deadline of a forced drain", arguments: Memory.allCases)
    func force(memory: Memory) async throws {
        var design = design(memory)
        design.drain = "quiet: 500ms, deadline: 2s, atDeadline: force"
        if Lab.knowsMasterSockets { design.rule = ["persistence: wait"] }
        try await Lab.with(design) { lab in
            let outcome = try await Move(lab, users(memory)).end()
            #expect(outcome.status == 0, outcome.comment)
            #expect(outcome.answering == ["green"], outcome.comment)
            // Each of the 20 users is cut off at most once.
            #expect(outcome.requests.failed.count <= 20, outcome.comment)
        }
    }

    @Test("are named in the plan", arguments: Memory.allCases)
    func plan(memory: Memory) async throws {
        try await Lab.with(design(memory)) { lab in
            let plan = try await lab.run("plan", "lab")
            #expect(plan.all.contains(memory == .cookie ? "cookie" : "stick"), "\(plan.all)")
        }
    }
}
