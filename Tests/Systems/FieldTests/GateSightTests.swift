import JSON
import Testing

@Suite("What the gate sees")
struct GateSightTests {
    /// load-balancers.md 1.1: never ten requests of one backend on one load balancer within one bake.
    @Test("is few requests, too: errors add up over load balancers and steps", arguments: ["*", "1"])
    func lowTraffic(servers: String) async throws {
        var design = LabDesign()
        design.services = ["web", "cart", "search"]
        design.serversPerColor = 3
        design.steps = "{ share: 10%, bake: 1s }, { share: 50%, bake: 1s }, { share: 100%, bake: 1s }"
        try await Lab.with(design) { lab in
            var users = Users.Kind()
            users.rate = 50
            let move = try await Move(lab, users)
            try await move.reach("10%")
            try await lab.set("web/green-\(servers)", "errors")
            let outcome = try await move.end()
            try outcome.expectBackOnBlue()
            #expect(outcome.last("gate.failed")?["sample"]?["gate"]?.string == "errorRate", outcome.comment)
        }
    }

    /// 1.2 a
    @Test("is what HAProxy answers itself where no server is up")
    func noServer() async throws {
        var design = LabDesign()
        design.services = ["web", "two"]
        design.steps = "{ share: 50%, bake: 1s }, { share: 100%, bake: 5s }"
        try await Lab.with(design) { lab in
            let move = try await Move(lab)
            try await move.reach("100%")
            try await lab.set("two/green-*", "sick")
            try await move.end().expectBackOnBlue()
        }
    }

    /// 1.2 b
    @Test("is a queue that is too long for the servers that are left")
    func queue() async throws {
        var design = LabDesign()
        design.serversPerColor = 3
        design.steps = "{ share: 50%, bake: 1s }, { share: 100%, bake: 6s }"
        design.change = { line in if line.color == "green" { line.options += " maxconn 1" } }
        try await Lab.with(design) { lab in
            try await lab.set("web/green-*", "slow:0.02")
            let move = try await Move(lab)
            try await move.reach("100%")
            try await lab.set("web/green-3", "slow:0.2")
            try await lab.set("web/green-1", "sick")
            try await lab.set("web/green-2", "sick")
            try await move.end().expectBackOnBlue()
        }
    }

    /// Each answer is right and in time, and ever more users wait for theirs.
    @Test("is who waits, where that is limited")
    func waiting() async throws {
        var design = LabDesign()
        design.analysis = "queue: { max: 20 }, whenIdle: ignore"
        design.steps = "{ share: 50%, bake: 1s }, { share: 100%, bake: 30s }"
        design.change = { line in if line.color == "green" { line.options += " maxconn 1" } }
        try await Lab.with(design) { lab in
            let move = try await Move(lab)
            try await move.reach("100%")
            try await lab.set("web/green-*", "slow:0.05")
            let outcome = try await move.end()
            try outcome.expectBackOnBlue()
            #expect(outcome.last("gate.failed")?["sample"]?["gate"]?.string == "queue", outcome.comment)
        }
    }

    /// 1.3: nothing that never finishes is judged by its errors.
    @Test("is a color that hangs", arguments: ["ignore", "hold"])
    func hang(whenIdle: String) async throws {
        var design = LabDesign()
        design.steps = "{ share: 50%, bake: 3s }, { share: 100%, bake: 1s }"
        design.analysis = "errorRate: { max: 1% }, whenIdle: \(whenIdle)"
        design.serverTimeout = "15s"
        try await Lab.with(design) { lab in
            let move = try await Move(lab)
            try await move.reach("50%")
            if whenIdle == "hold" { try await move.measure(1...3) }
            try await lab.set("web/green-*", "hang")
            let outcome = try await move.end()
            try outcome.expectBackOnBlue()
            #expect(!outcome.hasReached("100%"), outcome.comment)
        }
    }

    /// 1.5
    @Test("goes on after a reload, whose counters start again")
    func reload() async throws {
        var design = LabDesign()
        design.steps = "{ share: 50%, bake: 6s }, { share: 100%, bake: 3s }"
        try await Lab.with(design) { lab in
            let move = try await Move(lab)
            try await move.reach("100%")
            for edge in lab.design.edges { try await lab.reload(edge) }
            try await lab.set("web/green-*", "errors")
            try await move.end().expectBackOnBlue()
        }
    }

    /// 1.16: the window of the whole bake would need as long again to see it.
    @Test("is a failure late in a long bake, not diluted by the good time before")
    func lateFailure() async throws {
        var design = LabDesign()
        design.steps = "{ share: 50%, bake: 10s }, { share: 100%, bake: 1s }"
        design.analysis = "errorRate: { max: 50% }, whenIdle: ignore"
        try await Lab.with(design) { lab in
            let move = try await Move(lab)
            try await move.reach("50%")
            try await move.measure(12...13)
            try await lab.set("web/green-*", "errors")
            let outcome = try await move.end()
            try outcome.expectBackOnBlue()
            #expect(!outcome.hasReached("100%"), outcome.comment)
        }
    }

    /// 1.16, tools.md T16
    @Test("is 404 where the old color answers 200", arguments: ["ignore", "hold"])
    func missing(whenIdle: String) async throws {
        var design = LabDesign()
        design.analysis = "errorRate: { max: 1% }, whenIdle: \(whenIdle)"
        try await Lab.with(design) { lab in
            let move = try await Move(lab)
            try await move.reach("50%")
            try await lab.set("web/green-*", "missing")
            try await move.end().expectBackOnBlue()
        }
    }

    /// The servers of green answer as blue's do, but one refuses each connection at first, and no check finds it.
    @Test("is a second try that no user feels, where that has a limit of its own")
    func redispatches() async throws {
        var design = LabDesign()
        design.steps = "{ share: 50%, bake: 3s }, { share: 100%, bake: 1s }"
        design.analysis = "redispatches: { max: 1% }, whenIdle: ignore"
        design.change = { line in if line.color == "green" { line.options = "weight 0" } }
        try await Lab.with(design) { lab in
            let move = try await Move(lab)
            try await move.reach("50%")
            try await lab.set("web/green-1", "dead")
            let outcome = try await move.end()
            try outcome.expectBackOnBlue()
            #expect(outcome.last("gate.failed")?["sample"]?["gate"]?.string == "redispatches", outcome.comment)
        }
    }

    @Test(
        "is more 4xx than the old color has, by the limit of its own, and no 4xx that both have",
        arguments: ["green", "*"])
    func clientErrors(color: String) async throws {
        var design = LabDesign()
        design.analysis = "clientErrors: { maxAboveLive: 5% }, whenIdle: ignore"
        try await Lab.with(design) { lab in
            let move = try await Move(lab)
            try await move.reach("50%")
            try await lab.set("web/\(color)-*", "missing")
            let outcome = try await move.end()
            if color == "*" {
                #expect(outcome.hasReached("100%"), outcome.comment)
            } else {
                try outcome.expectBackOnBlue()
                #expect(outcome.last("gate.failed")?["sample"]?["gate"]?.string == "clientErrors", outcome.comment)
            }
        }
    }

    /// 1.16
    @Test("is a TCP service that ends each connection at once")
    func tcp() async throws {
        var design = LabDesign()
        design.mode = "tcp"
        try await Lab.with(design) { lab in
            let move = try await Move(lab)
            try await move.reach("50%")
            try await lab.set("web/green-*", "close")
            try await move.end().expectBackOnBlue()
        }
    }

    /// tools.md T19
    @Test("is enough where a standby load balancer has no users on either color")
    func standby() async throws {
        var design = LabDesign()
        design.analysis = "errorRate: { max: 1% }, whenIdle: hold"
        try await Lab.with(design) { lab in
            var users = Users.Kind()
            users.edges = ["edge-1"]
            let outcome = try await Move(lab, users).end()
            #expect(outcome.status == 0, outcome.comment)
            outcome.expectUnharmed(by: "green")
        }
    }
}
