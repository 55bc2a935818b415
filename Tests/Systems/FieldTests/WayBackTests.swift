import Glibc
import JSON
import SandboxTesting
import Testing
import Waiting

@Suite("The way back")
struct WayBackTests {
    /// load-balancers.md 1.6
    @Test("does not trust servers that just left maintenance: blue is dead, and green keeps its users")
    func blueIsDead() async throws {
        var design = LabDesign()
        design.soak = "30s"
        design.check = "check inter 2s rise 2 fall 3"
        try await Lab.with(design) { lab in
            let move = try await Move(lab)
            try await move.enter("soak")
            try await lab.set("web/blue-*", "dead")
            try await lab.run("rollback", "lab")
            try await move.wait(of: "traffic.returnIntended")
            let asked = move.users.count
            try await eventually("users went on for five seconds or rz ended") {
                move.users.count > asked + 5 * Effort.rate || !move.rz.isRunning
            }
            let outcome = try await move.interrupt()
            outcome.expectUnharmed(by: "green")
            #expect(outcome.status != 0 && outcome.status != 4, outcome.comment)
        }
    }

    /// 1.7
    @Test("leaves out what an operator had taken out")
    func takenOut() async throws {
        var design = LabDesign()
        design.serversPerColor = 3
        try await Lab.with(design) { lab in
            for edge in lab.design.edges {
                _ = try await lab.ask(edge, "set server be_web/blue-2 weight 0")
                _ = try await lab.ask(edge, "set server be_web/blue-3 state maint")
            }
            try await lab.set("web/blue-2", "errors")
            try await lab.set("web/blue-3", "errors")
            let move = try await Move(lab)
            try await move.reach("50%")
            try await lab.set("web/green-*", "errors")
            let outcome = try await move.end()
            try outcome.expectBackOnBlue()
            for edge in lab.design.edges {
                let states = try await lab.serverStates(on: edge)
                let blue = states.filter { $0.color == "blue" }
                #expect(blue.map(\.weight).prefix(2) == [100, 0], "\(edge): \(states)")
                #expect(blue.map { $0.administration & 1 } == [0, 0, 1], "\(edge): \(states)")
            }
        }
    }

    /// 1.10
    @Test("of one load balancer does not wait for another that is frozen")
    func frozen() async throws {
        let outcome = try await frozen { move, worker in
            try await eventually("edge-1 is back on blue", within: .seconds(20)) {
                try await move.lab.weights(on: "edge-1").filter { $0.key.contains("/green-") && $0.value > 0 }.isEmpty
            }
            kill(worker, SIGCONT)
        }
        let verdict = outcome.last("gate.failed")?["sample"]?["subject"]?.string
        #expect(verdict?.hasPrefix("edge-1") == true, outcome.comment)
    }

    /// 1.14
    @Test("is tried again where a load balancer was away for a while")
    func thawed() async throws {
        _ = try await frozen { move, worker in
            try await move.measure(18...19)
            kill(worker, SIGCONT)
            try await eventually("edge-2 is back on blue", within: .seconds(20)) {
                try await move.lab.weights(on: "edge-2").filter { $0.key.contains("/green-") && $0.value > 0 }.isEmpty
            }
        }
    }

    private func frozen(_ thaw: (Move, pid_t) async throws -> Void) async throws -> Move.Outcome {
        var design = LabDesign()
        design.steps = "{ share: 50%, bake: 8s }, { share: 100%, bake: 1s }"
        return try await Lab.with(design) { lab in
            var users = Users.Kind()
            users.edges = ["edge-1"]
            let move = try await Move(lab, users)
            try await move.reach("50%")
            let worker = try #require(try await lab.worker(of: "edge-2"))
            kill(worker, SIGSTOP)
            try await lab.set("web/green-*", "errors")
            try await thaw(move, worker)
            let outcome = try await move.end()
            #expect(outcome.answering == ["blue"], outcome.comment)
            #expect(outcome.status == 3, outcome.comment)
            return outcome
        }
    }

    /// 1.11
    @Test("goes backend by backend: one that is dead on blue keeps none of the others on a sick green")
    func deadBackend() async throws {
        var design = LabDesign()
        design.services = ["web", "two"]
        design.steps = "{ share: 50%, bake: 6s }, { share: 100%, bake: 1s }"
        try await Lab.with(design) { lab in
            let move = try await Move(lab)
            try await move.reach("50%")
            try await lab.set("two/blue-*", "dead")
            try await lab.set("web/green-*", "errors")
            for edge in lab.design.edges {
                try await eventually("be_web of \(edge) is back on blue", within: .seconds(20)) {
                    let weights = try await lab.weights(on: edge).filter { $0.key.hasPrefix("be_web/green-") }
                    return weights.count == 2 && weights.values.allSatisfy { $0 == 0 }
                }
            }
            let before = move.users.count
            let outcome = try await move.interrupt()
            let late = outcome.requests.dropFirst(before + 50).filter { $0.isFailed }
            #expect(Array(late).isEmpty, "\(Array(late).summary)\n\(outcome.comment)")
            #expect(outcome.answering == ["blue", "green"], outcome.comment)
            // It went on trying until it was interrupted.
            #expect(outcome.status == 130, outcome.comment)
        }
    }

    /// 1.12, tools.md T8
    @Test("does not wait for servers in slowstart, which carry traffic")
    func slowstart() async throws {
        var design = LabDesign()
        design.soak = "30s"
        design.check += " slowstart 45s"
        try await Lab.with(design) { lab in
            let move = try await Move(lab)
            try await move.enter("soak")
            try await lab.set("web/green-*", "errors")
            try await lab.run("rollback", "lab")
            try await move.end().expectBackOnBlue()
        }
    }

    /// 1.13, operators.md C1, tools.md T21
    @Test("restores each server's own weight, and proportions are kept on the way there")
    func proportions() async throws {
        var design = LabDesign()
        design.serversPerColor = 3
        design.steps = "{ share: 20%, bake: 6s }, { share: 100%, bake: 1s }"
        design.change = { line in
            if line.color == "blue" { line.options = "weight \(line.number == 1 ? 200 : 50)" }
        }
        try await Lab.with(design) { lab in
            let move = try await Move(lab)
            try await move.reach("20%")
            for edge in lab.design.edges {
                let weights = try await lab.weights(on: edge)
                let big = try #require(weights["be_web/blue-1"])
                let small = try #require(weights["be_web/blue-2"])
                let ratio = Double(big) / Double(max(1, small))
                #expect((3.5...4.5).contains(ratio), "\(edge): \(weights)")
                let green = weights.filter { $0.key.contains("/green-") }.values.reduce(0, +)
                let share = Double(green) / Double(max(1, weights.values.reduce(0, +)))
                #expect((0.17...0.23).contains(share), "\(edge): green has \(share) of the weight")
            }
            try await lab.run("abort", "lab")
            let outcome = try await move.end()
            outcome.expectUnharmed(by: "blue")
            for edge in lab.design.edges {
                let weights = try await lab.weights(on: edge)
                let blue = (1...3).map { weights["be_web/blue-\($0)"] }
                #expect(blue == [200, 50, 50], "\(edge): \(weights)")
            }
        }
    }

    /// 1.13: few servers of blue, many of green; and most of blue's are down.
    @Test("begins at a share that is near what was asked for", arguments: [0, 2])
    func share(down: Int) async throws {
        var design = LabDesign()
        design.serversPerColor = 12
        design.steps = "{ share: 1%, bake: 3s }, { share: 100%, bake: 1s }"
        design.change = { line in line.isListed = line.color == "green" || line.number <= 3 }
        try await Lab.with(design) { lab in
            for number in 0..<down { try await lab.set("web/blue-\(number + 1)", "dead") }
            try await eventually("blue's dead servers are down") {
                try await lab.serverStates(on: "edge-2").filter { $0.operation == 0 }.count == down
            }
            let move = try await Move(lab)
            try await move.reach("1%")
            for edge in lab.design.edges {
                let up = try await lab.serverStates(on: edge).filter { $0.operation == 2 }
                let green = up.filter { $0.color == "green" }.map(\.weight).reduce(0, +)
                let share = Double(green) / Double(max(1, up.map(\.weight).reduce(0, +)))
                #expect(green > 0 && share < 0.05, "\(edge): green has \(share) of the weight that serves")
            }
            try await lab.run("abort", "lab")
            #expect(try await move.end().answering == ["blue"])
        }
    }
}
