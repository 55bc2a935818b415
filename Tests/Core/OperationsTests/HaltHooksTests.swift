import Migration
import Testing
import Waiting

@testable import Operations

@Suite("What is done when a run has halted")
struct HaltHooksTests {
    private static func hook(_ name: String, attempts: Int = 1) -> Step {
        Step(
            id: StepID("onHalt/\(name)"), phase: .onHalt, title: name,
            action: .exec(ExecWork(command: [Setting(name), "{{ run }}", "{{ reason }}"])), deadline: .seconds(30),
            attempts: attempts)
    }

    private static func plan(_ hooks: [Step]) -> Plan {
        Plan(
            id: "p", environment: Environment(name: "shop"), direction: Direction(from: .blue),
            createdAt: Instant(milliseconds: 0), source: PinnedSource(commit: nil),
            world: World(live: .blue, servers: [:], services: [:], backends: [:], configuration: ""), steps: [],
            onHalt: hooks)
    }

    private func perform(_ hooks: [Step], after status: RunState.Status, failing: [String: Failure.Kind] = [:])
        async throws -> (ran: [String], noted: [String])
    {
        let plan = Self.plan(hooks)
        var state = RunState(run: "r-1", phases: [Phase("soak")])
        state.status = status
        let runner = Programs(failing: failing)
        let hooks = HaltHooks(plan, runner: runner, clock: InstantClock())
        var noted: [String] = []
        guard let (steps, failure) = plan.hooks(after: state) else { return ([], []) }
        for hook in steps { noted.append(await hooks.perform(hook, after: state, failure)) }
        return (await runner.ran, noted)
    }

    @Test("runs one after the other with the reason, and what fails stops nothing")
    func all() async throws {
        let (ran, noted) = try await perform(
            [Self.hook("page"), Self.hook("busy", attempts: 3), Self.hook("tell")],
            after: .halted(Failure("the database is down")), failing: ["page": .transient, "busy": .permanent])
        #expect(
            ran == ["page", "busy", "busy", "busy", "tell"].map { "\($0) r-1 the database is down" })
        #expect(noted == ["onHalt/page: failed: no", "onHalt/busy: failed: no", "onHalt/tell: done"])
    }

    @Test("ends when rz is asked to end, and nothing more begins")
    func stopped() async throws {
        let plan = Self.plan([])
        let runner = Programs(failing: [:], isHanging: true)
        let hooks = HaltHooks(plan, runner: runner, clock: InstantClock())
        let state = RunState(run: "r-1", phases: [Phase("soak")])
        async let first = hooks.perform(Self.hook("page", attempts: 3), after: state, Failure("x"))
        try await eventually("the program runs") { await !runner.ran.isEmpty }
        await hooks.stop()
        #expect(await first == "onHalt/page: failed: Cancelled")
        #expect(await hooks.perform(Self.hook("tell"), after: state, Failure("x")) == "onHalt/tell: failed: Cancelled")
        #expect(await runner.ran == ["page r-1 x"])
    }

    @Test(
        "is nothing where the run ended, or where someone stopped it",
        arguments: [RunState.Status.done, .aborted, .rolledBack, .halted(Failure("Interrupted", kind: .cancelled))])
    func none(status: RunState.Status) async throws {
        let (ran, noted) = try await perform([Self.hook("page")], after: status)
        #expect(ran == [] && noted == [])
    }
}

private actor Programs: StepRunner {
    private(set) var ran: [String] = []
    private let failing: [String: Failure.Kind]
    private let isHanging: Bool

    init(failing: [String: Failure.Kind], isHanging: Bool = false) {
        self.failing = failing
        self.isHanging = isHanging
    }

    func run(_ work: ExecWork, inventory: Inventory, report: Report) async throws(Failure) -> [String: String] {
        ran.append(work.command.map(\.text).joined(separator: " "))
        if isHanging {
            await untilCancelled()
            throw .cancelled
        }
        if let kind = failing[work.command[0].text] { throw Failure("no", kind: kind) }
        return [:]
    }

    func call(_ work: HTTPWork, inventory: Inventory) async throws(Failure) -> [String: String] { [:] }
}

/// Time passes at once, but not before a deadline that is longer.
private struct InstantClock: RunClock {
    var now: Instant { Instant(milliseconds: 0) }
    var uptime: Period { .zero }
    func sleep(_ period: Period) async throws(CancellationError) {
        guard period > .seconds(1) else { return }
        await untilCancelled()
        throw CancellationError()
    }
}

private func untilCancelled() async { for await _ in AsyncStream<Never>.makeStream().stream {} }
