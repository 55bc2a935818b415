import JSON
import Migration
import SandboxTesting
import Testing
import Waiting

/// Each kind of connection that lives long has a way out of the old color: docs/operations.md, “Long lives”.
@Suite(
    "Connections that live long",
    .enabled(if: Lives.areThere, "h2 or websockets is missing in .venv-clients: run scripts/setup"))
struct LongLivesTests {
    enum Mode: String, CaseIterable, Sendable {
        case http, tcp

        var kinds: [Lives.Kind] { self == .http ? Lives.Kind.allCases.filter { $0 != .raw } : [.raw] }
    }

    private func design(_ mode: Mode, _ drain: String) -> LabDesign {
        var design = LabDesign()
        design.mode = mode.rawValue
        design.serverTimeout = "60s"
        design.drain = drain
        design.steps = "{ weight: 50%, bake: 1s }, { weight: 100%, bake: 1s }"
        if mode == .tcp {
            design.check = "check inter 300ms fastinter 100ms rise 2 fall 2"
            design.analysis = "errorRate: { max: 50% }, whenIdle: ignore"
        }
        return design
    }

    @Test("end in their own time on the old color, listed while the drain waits for them", arguments: Mode.allCases)
    func wait(mode: Mode) async throws {
        try await Lab.with(design(mode, "quiet: 500ms, deadline: 60s, atDeadline: hold")) { lab in
            let lives = try Lives(of: lab, mode.kinds)
            try await lives.begin()
            let move = try await Move(lab)
            try await move.enter("drain")
            let lasting = lives.moments("open", lasting: true)
            try await eventually("those who last are all who are left") {
                try await sessions(of: lab)["count"]?.int == lasting.count
            }
            let answer = try await sessions(of: lab)
            #expect(answer["color"]?.string == "blue" && answer["unknown"]?.array == [])
            let listed = answer["sessions"]?.array ?? []
            for moment in lasting {
                let one = listed.first {
                    $0["client"]?.string == "127.0.0.1:\(moment.port)" && $0["loadBalancer"]?.string == moment.edge
                }
                #expect(one?["frontend"]?.string == "users", "\(moment) \(answer.compact)")
                #expect(one?["backend"]?.string == "be_web")
                #expect(one?["server"]?.string?.hasPrefix("blue-") == true)
                #expect(one?["bytesIn"]?.int ?? 0 > 0)
                #expect(one?["age"]?.string != nil)
            }
            // What a person sees without asking for all.
            try await eventually("the run shows them") {
                let status = try await lab.run("status", "lab").all
                return status.contains("blue still has \(lasting.count) session") && status.contains("frontend users")
            }
            #expect(lives.moments("cut").isEmpty)
            try await lives.comeToEnd()
            let outcome = try await move.end()
            #expect(outcome.status == 0, outcome.comment)
            outcome.expectUnharmed(by: "green")
            try await expectMoved(lives, cut: 0)
        }
    }

    @Test("are cut once at the deadline of a forced drain, and each is written down", arguments: Mode.allCases)
    func force(mode: Mode) async throws {
        try await Lab.with(design(mode, "quiet: 500ms, deadline: 3s, atDeadline: force")) { lab in
            let lives = try Lives(of: lab, mode.kinds)
            try await lives.begin()
            let outcome = try await Move(lab).end()
            #expect(outcome.status == 0, outcome.comment)
            outcome.expectUnharmed(by: "green")
            try await lives.comeBack()
            let lasting = lives.moments("open", lasting: true)
            try await expectMoved(lives, cut: lasting.count)
            let notes = outcome.events.compactMap { $0["text"]?.string }.filter { $0.contains("are ended") }
            #expect(notes.count == 1, "\(notes)")
            for moment in lasting {
                #expect(notes.first?.contains("frontend users, 127.0.0.1:\(moment.port), for ") == true, "\(moment)")
            }
            let deadline = outcome.events.first { $0["text"]?.string?.contains("are ended") == true }
            let first = lives.moments("cut").map(\.time).min() ?? 0
            #expect(first >= Int(deadline?.time?.milliseconds ?? .max), "no one is cut before it is written down")
        }
    }

    private func sessions(of lab: Lab) async throws -> JSON {
        let answer = try await lab.run("status", "lab", "--sessions", "--json")
        return try JSON(parsing: answer.output)
    }

    /// No request was broken, so many sessions were cut, each once, and whoever comes back is served by the new color.
    private func expectMoved(_ lives: Lives, cut: Int) async throws {
        try await eventually("requests on connections that stay are served by green: \(lives.moments)") {
            let moved = lives.moments.filter { !$0.kind.lasts && $0.color == "green" }
            return Set(moved.map { "\($0.kind) \($0.edge)" }).count
                == Set(lives.moments("open", lasting: false).map { "\($0.kind) \($0.edge)" }).count
        }
        try await lives.end()
        let moments = lives.moments
        #expect(moments.filter { $0.event == "broken" }.isEmpty, "\(moments)")
        #expect(lives.moments("cut").count == cut, "\(moments)")
        #expect(lives.moments("closed").isEmpty, "keep-alive connections stay: \(moments)")
        let next = lives.moments("next")
        #expect(next.count == lives.moments("open", lasting: true).count)
        #expect(next.allSatisfy { $0.color == "green" }, "\(next)")
    }
}
