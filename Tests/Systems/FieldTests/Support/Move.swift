import Foundation
import JSON
import Migration
import SandboxTesting
import Testing
import Waiting

/// A run of rz under load, while something goes wrong.
struct Move: Sendable {
    let lab: Lab
    let users: Users
    let rz: Program

    /// Lets users ask, and starts `rz update`.
    init(_ lab: Lab, _ kind: Users.Kind = Users.Kind(), _ arguments: String...) async throws {
        self.lab = lab
        users = try lab.users(kind)
        let users = users
        try await eventually("the users ask") { users.count > 10 }
        rz = try Program(
            ["update", "lab", "--yes", "--json"] + arguments, variables: lab.variables, folder: lab.folder)
    }

    // MARK: - On the way

    /// Waits until the new color verifiably has a share of the traffic, by rz's own account.
    func reach(_ share: String) async throws {
        try await wait(for: "\"share\":\"\(share)\"", of: "traffic.verified")
    }

    func enter(_ phase: String) async throws { try await wait(for: "\"phase\":\"\(phase)\"", of: "phase.entered") }

    /// Waits for an event.
    func wait(for text: String = "", of type: String, within limit: Duration = .seconds(60)) async throws {
        do {
            try await eventually("rz reports it", within: limit) { sees(text, of: type) || !rz.isRunning }
        } catch {
            // With what rz did in place of it.
        }
        try require(sees(text, of: type), "rz went on or ended without \(type) \(text): \(tail)")
    }

    private func sees(_ text: String, of type: String) -> Bool {
        rz.output.split(separator: "\n").contains {
            $0.contains("\"type\":\"\(type)\"") && (text.isEmpty || $0.contains(text))
        }
    }

    /// Waits until rz has measured the traffic so many times more, as the seed has it: what goes wrong does not always do
    /// so at the same moment.
    func measure(_ times: ClosedRange<Int>) async throws {
        var generator = Seeded(state: UInt64(Effort.seed) &+ UInt64(lab.design.services.count))
        let goal = count(of: "traffic.sampled") + Int.random(in: times, using: &generator)
        try await eventually("rz measures the traffic", within: .seconds(60)) {
            count(of: "traffic.sampled") >= goal || !rz.isRunning
        }
    }

    private func count(of type: String) -> Int {
        rz.output.split(separator: "\n").count { $0.contains("\"type\":\"\(type)\"") }
    }

    /// The last events, for messages of tests; without samples of traffic.
    var tail: String {
        rz.output.split(separator: "\n").filter { !$0.contains("\"type\":\"traffic.sampled\"") }.suffix(12)
            .joined(separator: "\n")
    }

    // MARK: - The end

    /// What rz and the users say in the end.
    struct Outcome: Sendable {
        var status: Int32
        var events: [JSON]
        /// What rz printed beside events, and what `rz status` says of the run.
        var text: String
        var requests: [Users.Request]
        /// Who answers users now.
        var answering: Set<String>
        var tail: String

        var comment: Comment {
            "exit \(status), answering \(answering.sorted()), \(requests.summary)\n\(tail)\n\(text)"
        }

        func first(_ type: String) -> JSON? { events.first { $0["type"]?.string == type } }
        func last(_ type: String) -> JSON? { events.last { $0["type"]?.string == type } }
        func hasEntered(_ phase: String) -> Bool {
            events.contains { $0["type"]?.string == "phase.entered" && $0["phase"]?.string == phase }
        }
        func hasReached(_ share: String) -> Bool {
            events.contains { $0["type"]?.string == "traffic.verified" && $0["share"]?.string == share }
        }
    }

    /// Waits for rz's end, lets the users go on for a while, and looks who answers them.
    func end(within limit: Duration = .seconds(100)) async throws -> Outcome {
        try await eventually("rz ends: \(tail)", within: limit) { !rz.isRunning }
        let ended = try await rz.end()
        let asked = users.count
        try await users.goOn(for: max(150, Effort.requests - asked))
        let answering = try await lab.answering()
        let status = try await lab.run("status", "lab")
        return Outcome(
            status: ended.status, events: ended.events, text: ended.errors + status.all,
            requests: try await users.end(), answering: answering, tail: tail)
    }

    /// Asks rz to halt, as Ctrl-C does, where it would go on trying.
    func interrupt() async throws -> Outcome {
        rz.signal(SIGINT)
        return try await end()
    }
}

extension Move.Outcome {
    /// The traffic is back on blue, rz halted and says why, and no one who asked after that met an error.
    func expectBackOnBlue(
        services: [String]? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        // 130: it had given the traffic back, and was then asked to stop.
        #expect([3, 4, 130].contains(status), comment, sourceLocation: sourceLocation)
        #expect(answering == ["blue"], comment, sourceLocation: sourceLocation)
        #expect(!hasEntered("tearDown"), comment, sourceLocation: sourceLocation)
        let back = try #require(last("traffic.returned")?.time, comment, sourceLocation: sourceLocation)
        let late = requests.began(after: back).failed
        #expect(late.count == 0, "after the return \(late.summary)\n\(comment)", sourceLocation: sourceLocation)
    }

    /// rz refused before it built anything, and users did not notice.
    func expectRefused(_ word: String, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(status == 5 || status == 3, comment, sourceLocation: sourceLocation)
        #expect(!hasEntered("standUp"), comment, sourceLocation: sourceLocation)
        #expect(text.contains(word) || tail.contains(word), comment, sourceLocation: sourceLocation)
        expectUnharmed(by: "blue", sourceLocation: sourceLocation)
    }

    /// No request failed, and this color answers.
    func expectUnharmed(by color: String, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(requests.failed.count == 0, comment, sourceLocation: sourceLocation)
        #expect(answering == [color], comment, sourceLocation: sourceLocation)
    }
}

/// SplitMix64 (https://prng.di.unimi.it/splitmix64.c).
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
