import SandboxTesting
import Testing
import Waiting

/// load-balancers.md 1.9, tools.md T10: weight 0 and drain do not move a user who is remembered.
@Suite("Users whom a load balancer remembers")
struct PersistenceTests {
    /// `peers`: each load balancer teaches the other its table.
    enum Memory: String, CaseIterable, Sendable { case cookie, table, peers }

    private func design(_ memory: Memory) -> LabDesign {
        var design = LabDesign()
        switch memory {
        case .cookie:
            design.backend = ["cookie SRV insert indirect nocache"]
            design.change = { line in line.options += " cookie \(line.name)" }
        case .table:
            design.backend = ["stick-table type ip size 10k expire 10m", "stick on src"]
        case .peers:
            design.backend = ["stick-table type ip size 10k expire 10m peers lab", "stick on src"]
            design.hasPeers = true
        }
        return design
    }

    private func users(_ memory: Memory) -> Users.Kind {
        var users = Users.Kind()
        switch memory {
        case .cookie: users.cookies = 20
        case .table, .peers: users.sources = 20
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

    @Test("move between two requests where that is asked for, and none is broken", arguments: Memory.allCases)
    func leave(memory: Memory) async throws {
        var design = design(memory)
        design.drain = "quiet: 500ms, deadline: 10s, atDeadline: hold"
        design.rule = ["persistence: leave"]
        try await Lab.with(design) { lab in
            // There is a request of someone at any moment.
            var users = users(memory)
            users.rate = 60
            users.query = "?slow=0.3"
            let outcome = try await Move(lab, users).end()
            #expect(outcome.status == 0, outcome.comment)
            outcome.expectUnharmed(by: "green")
            let quiet = try #require(outcome.last("old.sideQuiet")?.time, outcome.comment)
            #expect(outcome.requests.began(after: quiet).allSatisfy { $0.color == "green" })
        }
    }

    @Test("are taught to another load balancer, and follow to green on both", .enabled(if: Lab.knowsMasterSockets))
    func peers() async throws {
        var design = design(.peers)
        design.rule = ["persistence: leave"]
        try await Lab.with(design) { lab in
            var one = users(.peers)
            one.edges = ["edge-1"]
            one.rate = 50
            let first = try lab.users(one)
            try await first.goOn(for: 50)
            try await eventually("edge-2 learns whom edge-1 remembers") {
                try await lab.ask("edge-2", "show table be_web").contains("used:20")
            }
            let outcome = try await Move(lab, users(.peers)).end()
            #expect(outcome.status == 0, outcome.comment)
            outcome.expectUnharmed(by: "green")
            try await first.goOn(for: 50)
            let requests = try await first.end()
            #expect(requests.failed.isEmpty, "\(requests.summary)")
            #expect(requests.suffix(40).allSatisfy { $0.color == "green" }, "\(requests.summary)")
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
