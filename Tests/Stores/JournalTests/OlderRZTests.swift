import Foundation
import JSON
import Migration
import Operations
import Testing

@testable import Journal

/// Files written by rz at commit b870475, kept as they were: a sandbox moved by a runbook with steps of every kind, its
/// run halted after each phase, failed, rolled back, aborted and done.
///
/// They stay readable and resumable whatever changes. Never write them again with a newer rz: add new ones beside them.
@Suite("What rz of commit b870475 wrote")
struct OlderRZTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Samples-b870475")

    @Test("in an event of any kind is still read, and lost by nothing")
    func events() throws {
        let lines = try String(contentsOf: Self.folder.appending(path: "events.jsonl"), encoding: .utf8)
            .split(separator: "\n").map(String.init)
        #expect(lines.count == 50)
        var kinds: Set<String> = []
        for line in lines {
            let event = try EventCoding.event(fromLine: line)
            kinds.insert(Samples.caseName(event.kind))
            let again = try JSON(parsing: EventCoding.line(for: event)).object
            for (key, value) in try #require(try JSON(parsing: line).object) {
                #expect(again?[key] == value.mapTexts(\.visible))
            }
        }
        #expect(kinds.count == 46)
    }

    @Test("in a plan with every kind of step is still read")
    func plan() throws {
        let plan = try JSONDecoder().decode(
            Plan.self, from: try Data(contentsOf: Self.folder.appending(path: "plan.json")))
        #expect(plan.environment.name == "sandbox")
        #expect(plan.steps.count == 26)
        #expect(plan.phases == .rzUpdate)
        #expect(
            Set(plan.steps.map { $0.action.kind?.rawValue ?? String("\($0.action)".prefix { $0.isLetter }) }).count
                == 18)
    }

    /// What a run looked like when its journal was kept, by the file's name.
    struct Kept: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var phase: PhaseID
        var status: String

        static let all =
            [PhaseID.preflight, .standUp, .configure, .platformGate, .replicate, .serviceGate, .cutOver, .drain, .soak]
            .map { Kept(testDescription: "halted-\($0)", phase: $0, status: "halted") } + [
                Kept(testDescription: "halted-tearDown", phase: .tearDown, status: "halted"),
                Kept(testDescription: "failed-cutOver", phase: .cutOver, status: "halted"),
                Kept(testDescription: "interrupted-approval", phase: .cutOver, status: "halted"),
                Kept(testDescription: "rolledBack", phase: .cutOver, status: "rolledBack"),
                Kept(testDescription: "aborted", phase: .soak, status: "aborted"),
                Kept(testDescription: "done", phase: .tearDown, status: "done"),
            ]
        static let halted = all.filter { $0.status == "halted" }
    }

    @Test("of a run is still sound, and folds to where the run stood", arguments: Kept.all)
    func state(_ kept: Kept) async throws {
        let (plan, state) = try await load(kept)
        #expect(state.phase == kept.phase)
        #expect(String("\(state.status)".prefix { $0.isLetter }) == kept.status)
        #expect(state.planID == plan.id)
        #expect(plan.direction.old == .blue)
        // What was done then is known by steps of the plan.
        let done = state.steps.filter { $0.value.isSettled || $0.value.isIntended }.keys
        #expect(!done.isEmpty)
        for step in done { #expect(plan.step(step) != nil, "\(step)") }
    }

    @Test("of a halted run still says how to go on", arguments: Kept.halted)
    func resume(_ kept: Kept) async throws {
        let (plan, halted) = try await load(kept)
        let state = after(.runResumed(by: "anna"), halted)
        let commands = decide(state, plan, now: state.lastTime)
        let next = try #require(commands.first, "a resumed run that waits for nothing has something to do")
        switch next {
        case .enter(let phase): #expect(plan.phases.after(kept.phase).contains { $0.id == phase })
        case .perform(let step, _): #expect(plan.step(step)?.phase == kept.phase)
        default: Issue.record("\(next)")
        }
    }

    @Test("of a halted run still goes back before the tear-down, and not after it", arguments: Kept.halted)
    func rollBack(_ kept: Kept) async throws {
        let (plan, halted) = try await load(kept)
        #expect(canRollBack(halted, plan) == (kept.phase != .tearDown))
        let state = after(.runResumed(by: "anna"), after(.rollbackRequested(by: "anna"), halted))
        let commands = decide(state, plan, now: state.lastTime)
        #expect(commands == (kept.phase != .tearDown ? [.startRollback] : decide(goingOn(halted), plan, now: noon)))
    }

    @Test("of approvals still counts, each with who gave it")
    func approvals() async throws {
        let (_, state) = try await load(Kept.all.first { $0.testDescription == "interrupted-approval" }!)
        #expect(state.approvals["cutOver/approval"]?.map(\.by) == ["Ada"])
    }

    @Test("into a file is opened as it is")
    func database() async throws {
        let home = try Home()
        try FileManager.default.createDirectory(atPath: "\(home.path)/journal", withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: Self.folder.appending(path: "halted-soak.sqlite").path,
            toPath: "\(home.path)/journal/sandbox.sqlite")
        let journal = try Journal(environment: "sandbox", home: home.path)
        #expect(try await journal.verify().plans == 1)
        let run = try #require(try await journal.latestRun())
        let state = RunState(run: run, events: try await journal.events(of: run, after: 0))
        #expect(state.phase == .soak)
        #expect(try await journal.currentLock() == nil)
        #expect(try await journal.acquire(purpose: "rz resume", at: noon).epoch == 2)
    }

    // MARK: -

    private func load(_ kept: Kept) async throws -> (Plan, RunState) {
        let home = try Home()
        let made = try Journal.make(
            from: Self.folder.appending(path: "\(kept.testDescription).jsonl").path, home: home.path, at: noon)
        let journal = try Journal(environment: made.environment, home: home.path)
        let run = try #require(try await journal.latestRun())
        let state = RunState(run: run, events: try await journal.events(of: run, after: 0))
        let text = try #require(try await journal.plan(state.planID))
        return (try JSONDecoder().decode(Plan.self, from: Data(text.utf8)), state)
    }

    private func after(_ kind: Event.Kind, _ state: RunState) -> RunState {
        evolve(state, Event(run: state.run, sequence: state.sequence + 1, time: state.lastTime, kind: kind))
    }

    private func goingOn(_ state: RunState) -> RunState { after(.runResumed(by: "anna"), state) }
}

extension RunState {
    /// When the run halted.
    fileprivate var lastTime: Instant { endedAt ?? noon }
}
