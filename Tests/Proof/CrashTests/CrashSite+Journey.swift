import Foundation
import Glibc
import JSON
import Migration
import SandboxTesting
import Waiting

/// What came of a journey.
struct Outcome: Sendable {
    /// Points that no process came to.
    var missed: [Point] = []
    /// What was not as it should be, in words.
    var problems: [String] = []
    /// What the processes said, for whoever looks for the cause.
    var story = ""
}

extension CrashSite {
    /// Moves once, is struck down at each of the points, put right each time, and compared with how it should have
    /// ended.
    ///
    /// - Parameter reference: the end of a clean move.
    func perform(_ journey: Journey, reference: EndState) async throws -> Outcome {
        try await write()
        let old = live
        let before = try await EndState.observed(in: sandbox, old: old)
        let users = try startUsers()
        var strikes = Strikes(journey, from: old)
        var outcome = Outcome()
        let end: String
        do {
            end = try await move(&strikes, &outcome)
        } catch {
            users.signal(SIGKILL)
            outcome.problems.append("\(error)")
            return outcome
        }
        try await compare(end, old, before, reference, &outcome)
        if end == "aborted" {
            try await sandbox.succeed("rollback", "sandbox")
            try await compare("rolledBack", old, before, reference, &outcome)
        }
        if let failures = try await self.end(users) { outcome.problems.append(failures) }
        outcome.missed = strikes.left
        return outcome
    }

    /// Points that are still to be hit, and by what.
    struct Strikes {
        let mode: Mode
        let old: Color
        private(set) var left: [Point]
        /// Where the way back begins.
        private var anchor: Point?

        init(_ journey: Journey, from old: Color) {
            mode = journey.mode
            self.old = old
            left = journey.points
            anchor = journey.anchor
        }

        var count: Int { left.count + (anchor == nil ? 0 : 1) }
        var orders: [String] { (left + [anchor].compactMap(\.self)).map { "\(mode.blow.order) \($0.text(from: old))" } }

        mutating func remove(_ text: String) {
            if anchor?.text(from: old) == text { anchor = nil }
            left.removeAll { $0.text(from: old) == text }
        }
    }

    // MARK: - Moving

    /// - Returns: the run's status at the end.
    private func move(_ strikes: inout Strikes, _ outcome: inout Outcome) async throws -> String {
        let update = ["update", "sandbox", "--yes", "--json"]
        let earlier = try await status()?["run"]
        var command = update
        var stopped: Ordered?
        for _ in 0..<(strikes.count + 4) {
            let rz = try start(command, strikes: strikes.orders)
            if let stale = stopped {
                try await wake(stale, once: rz, &outcome)
                stopped = nil
            }
            try await eventually("rz \(command[0]) ends or is stopped", within: .seconds(240)) {
                !rz.program.isRunning || rz.program.isStopped
            }
            let struckAt = rz.struckAt
            if let struckAt { strikes.remove(struckAt) }
            outcome.story += "$ rz \(command.joined(separator: " "))\n\(rz.program.output)"
            var status = try await status()
            // Killed before it began a run.
            if status?["run"] == earlier { status = Optional.none }
            let word = status?["status"]?.string ?? "none"
            if rz.program.isRunning {
                if word == "done" {
                    rz.program.signal(SIGCONT)
                    _ = try await rz.program.end()
                } else {
                    try await unlock(command, from: rz, outcome: &outcome)
                    stopped = rz
                }
            } else {
                let ended = try await rz.program.end()
                outcome.story += "\(ended.errors)# exited with \(ended.status), struck at \(struckAt ?? "no point")\n"
                try judge(ended, strikes.mode, struckAt, word)
                if strikes.mode.blow == .powerLoss, struckAt != nil { try await losePower() }
            }
            if ["done", "rolledBack", "aborted"].contains(word) { return word }
            command = status == nil ? update : try await remedy(strikes.mode)
            if status == nil, strikes.mode.remedy != .resume { return "none" }
        }
        throw Requirement("the move does not come to its end")
    }

    /// What the operator types next: there is no way back once the tear-down has begun.
    private func remedy(_ mode: Mode) async throws -> [String] {
        guard mode.remedy != .resume else { return ["resume", "--environment", "sandbox", "--json"] }
        let steps = try await status()?["steps"]?.object
        let isTornDown =
            steps?.contains { $0.key.hasPrefix("tearDown/") && $0.value["state"]?.string == "done" } == true
        if !isTornDown, try await canGoBack() { return [mode.remedy.rawValue, "sandbox", "--json"] }
        return ["resume", "--environment", "sandbox", "--json"]
    }

    /// Whether nothing of the old color's end is intended, by the journal.
    private func canGoBack() async throws -> Bool {
        guard let run = try await status()?["run"]?.string else { return false }
        let events = try await sandbox.run("history", run, "--json").events
        return !events.contains {
            $0["type"]?.string == "step.intended" && $0["step"]?.string?.hasPrefix("tearDown/") == true
        }
    }

    /// Whether a process ended as it should.
    private func judge(_ ended: Program.Ended, _ mode: Mode, _ struckAt: String?, _ word: String) throws {
        guard let struckAt else {
            let isFine = ended.status == 0 || ended.status == 4
            return try require(isFine, "rz exited with \(ended.status) though nothing had struck it: \(ended.errors)")
        }
        switch mode.blow {
        case .kill, .powerLoss:
            try require(ended.status == 137, "killed at \(struckAt), rz exited with \(ended.status)")
        case .terminate, .interrupt:
            // Before the run begins and after it ended nothing catches the signal, and nothing is lost.
            let isOutside = word == "none" || word == "done"
            let isFine = ended.status == 130 || isOutside && [0, 130, 143].contains(ended.status)
            try require(
                isFine,
                "asked to halt at \(struckAt), rz exited with \(ended.status), the run is \(word): \(ended.all.suffix(800))"
            )
            if ended.status == 130, !isOutside {
                try require(word == "halted", "asked to halt at \(struckAt), the run is \(word)")
                let left = Tools(of: sandbox).running
                try require(left.isEmpty, "asked to halt at \(struckAt), rz left behind \(left)")
            }
        case .stop:
            throw Requirement("stopped at \(struckAt), rz exited with \(ended.status)")
        }
    }

    private func losePower() async throws {
        guard let disk else { return }
        // What they had begun ends with them: they ran on the host that is gone.
        try await eventually("everything on the lost host is gone") { disk.killUsers() == 0 }
        try await disk.losePower()
    }

    // MARK: - Another rz takes over

    /// The lock of a process that only stands still is respected, until somebody takes it away.
    private func unlock(_ command: [String], from holder: Ordered, outcome: inout Outcome) async throws {
        let refused = try await sandbox.start(command).end()
        outcome.story += refused.all
        guard let id = refused.errors.firstMatch(of: /its lock is ([0-9a-f]{8})/)?.output.1 else {
            throw Requirement("a second rz was not told of the lock: \(refused.status) \(refused.all.suffix(600))")
        }
        try require(refused.status == 5, "a second rz exited with \(refused.status), expected 5")
        var unlocked = try await take(id)
        // A point is in one task of rz; another may be writing the journal, and no one else can then.
        if unlocked.errors.contains("kill -CONT \(holder.program.pid)") {
            try require(unlocked.status == 5, "rz unlock exited with \(unlocked.status), expected 5")
            outcome.story += unlocked.all
            holder.program.signal(SIGCONT)
            try await eventually("the stopped rz has written the journal") { try !holdsWriteLock(holder.program.pid) }
            holder.program.signal(SIGSTOP)
            unlocked = try await take(id)
        }
        try require(unlocked.status == 0, "rz unlock exited with \(unlocked.status): \(unlocked.all.suffix(600))")
    }

    /// Source: proc_locks(5).
    private func holdsWriteLock(_ pid: Int32) throws -> Bool {
        try String(contentsOfFile: "/proc/locks", encoding: .utf8).split(separator: "\n").contains { line in
            let words = line.split(separator: " ")
            return words.contains("WRITE") && words.contains(Substring(String(pid)))
        }
    }

    private func take(_ id: Substring) async throws -> Program.Ended {
        try await sandbox.run("unlock", "sandbox", "--id", String(id), "--force")
    }

    /// Lets a stopped rz go on after another took over: it must find that out, and end.
    private func wake(_ stale: Ordered, once successor: Ordered, _ outcome: inout Outcome) async throws {
        // Somewhere in the successor's work.
        let wanted = Int.random(in: 1...8)
        try await eventually("the successor has written \(wanted) events", within: .seconds(60)) {
            successor.program.events.count >= wanted || !successor.program.isRunning || successor.program.isStopped
        }
        stale.program.signal(SIGCONT)
        let ended = try await stale.program.end(within: .seconds(60))
        outcome.story += "# the stale process went on and exited with \(ended.status)\n\(ended.errors)"
        try require(
            ended.status == 5, "the stale process exited with \(ended.status), not 5: \(ended.all.suffix(800))")
    }

    // MARK: - Comparing

    private func compare(
        _ end: String, _ old: Color, _ before: EndState, _ reference: EndState, _ outcome: inout Outcome
    ) async throws {
        if end == "done" { live = old.other }
        var differences: [String] = []
        do {
            // What is being ended, or was set a moment ago, takes a moment to show.
            try await eventually("what stands is what should", within: .seconds(15)) {
                var state = try await EndState.observed(in: sandbox, old: old)
                if let status = try await status(), end == "done" { state.addRun(status) }
                differences = self.differences(of: state, end, before, reference)
                return differences.isEmpty
            }
            return
        } catch let failure as Requirement where differences.isEmpty {
            throw failure
        } catch is Requirement {}
        outcome.problems += ["after \(end), what stands is not what should:"] + differences.map { "    " + $0 }
    }

    private func differences(
        of state: EndState, _ end: String, _ before: EndState, _ reference: EndState
    ) -> [String] {
        let data = before.facts["data"] ?? ""
        let lost = state.facts["data"]?.hasPrefix(data) == true ? [] : ["data: records of before are gone or changed"]
        switch end {
        case "done":
            return lost
                + state.differences(from: reference) { $0 != "data" && !$0.hasPrefix("tasks of") }
        case "rolledBack", "none":
            return lost + takingTraffic(state)
                + state.differences(from: before) { !isOfNewServers($0) && $0 != "data" }
        default:
            let isOld = { (key: String) in key.hasPrefix("edge-") || key.hasSuffix("of old") || key.hasSuffix("in old")
            }
            return lost + takingTraffic(state)
                + state.differences(from: before) { isOld($0) && !self.isOfNewServers($0) }
        }
    }

    private func isOfNewServers(_ fact: String) -> Bool { fact.contains("/new-") }

    /// Servers of the new color that may have users.
    private func takingTraffic(_ state: EndState) -> [String] {
        state.facts.filter {
            isOfNewServers($0.key) && $0.value.hasPrefix("weight ") && !$0.value.hasPrefix("weight 0,")
        }.map {
            "\($0.key) takes traffic: \($0.value)"
        }
    }
}
