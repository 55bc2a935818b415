import Engine
import Migration
import Operations

/// A data centre, a journal, and the processes of rz that work on them, on one thread and under one clock.
///
/// `@unchecked Sendable`: see `Timeline`.
final class Simulation: @unchecked Sendable {
    let scenario: Scenario
    let timeline: Timeline
    let journal = SimulatedJournal()
    var world: WorldState
    var faults: any FaultSource
    let checker: Checker
    private(set) var trace: [String] = []
    private let isTracing: Bool
    private var messageCount = 0
    private(set) var processes: [SimulatedProcess] = []
    /// The state of the run, as its journal tells it.
    private(set) var state: RunState
    /// Changes that are asked for and have not had their effect yet, the oldest first.
    private(set) var onTheWay: [MessageOnTheWay] = []
    /// The program that works on a target, by the number of its message.
    private var programs: [Call.Target: Int] = [:]
    /// Until when each process waits for answers that are lost or late, by whom it asked.
    private var waits: [String: [Call.Target: Int64]] = [:]
    /// By where they go.
    private var lateMessages: [Call.Target: [LateMessage]] = [:]
    /// Journal events and effects so far.
    private(set) var eventCount = 0

    init(_ scenario: Scenario, timeline: Timeline, faults: any FaultSource, isTracing: Bool) {
        self.scenario = scenario
        self.timeline = timeline
        self.faults = faults
        self.isTracing = isTracing
        world = scenario.world
        state = RunState(run: Simulation.run, phases: scenario.plan.phases)
        checker = Checker(scenario)
        checker.stops = { [unowned self] name in processes.first { $0.name == name }?.lastStop }
    }

    static let run: RunID = "r-20261123-0001"

    /// Goes on from what an earlier simulation left.
    func load(_ events: [Event], world: WorldState, epoch: Int) {
        journal.load(events, epoch: epoch)
        state = RunState(run: Simulation.run, phases: scenario.plan.phases, events: events)
        self.world = world
    }

    // MARK: - Processes

    /// Starts an rz that performs the run, if it gets the lock.
    ///
    /// - Returns: the process, and what `ended` will have been called with when it is over.
    func start(
        opening: Event.Kind, until lastPhase: PhaseID? = nil,
        ended: @escaping @Sendable (Result<RunState, Failure>) -> Void
    ) -> SimulatedProcess? {
        let process = SimulatedProcess(name: "rz-\(processes.count + 1)", timeline: timeline)
        guard let epoch = journal.acquire(process) else { return nil }
        processes.append(process)
        note("\(process.name) starts, epoch \(epoch)")
        let engine = Engine(
            plan: scenario.plan, run: Simulation.run, drivers: drivers(of: process),
            work: scenario.operation.work,
            journal: ProcessJournal(process: process, simulation: self), clock: SimulatedClock(process: process),
            epoch: epoch, executor: process)
        checker.begins(process, epoch: epoch)
        Task(executorPreference: process) {
            do throws(Failure) {
                ended(.success(try await engine.perform(opening: opening, until: lastPhase)))
            } catch {
                ended(.failure(error))
            }
        }
        return process
    }

    /// Ends a process as its end of life would: the lock is free, nothing it had under way is left.
    func kill(_ process: SimulatedProcess) {
        guard process.isAlive else { return }
        note("\(process.name) is killed")
        process.kill()
        journal.release(process)
    }

    /// Ends every process and unwinds what it does: nothing more will happen here.
    func close() {
        for process in processes { process.kill() }
        timeline.close()
    }

    // MARK: - What processes do

    /// A call of a driver: on its way, its effect, and the answer on its way back.
    ///
    /// - Parameter effect: what it does to the world; its second argument is how many changes are made before the
    ///   connection breaks, nil for all.
    func call<Answer: Sendable>(
        _ call: Call, by process: SimulatedProcess,
        _ effect: @escaping (inout WorldState, Int?) throws(Failure) -> Answer
    ) async throws(Failure) -> Answer {
        guard process.isAlive else { throw .cancelled }
        faults.passes(.beforeCall(call), process)
        guard process.isAlive else { throw .cancelled }
        if call.isMutating { checker.issued(call, by: process, self) }
        var outcome: Result<Answer, Failure> = .failure(
            Failure(
                "No answer from \(call.target)", details: [call.name],
                kind: call.isMutating ? .unknownEffect : .transient))
        let looker = Checker.Looker(process: process.name, activity: Activity.current)
        let fate = isFrozen(call) ? Fate.requestLost(timeout: 10_000) : faults.fate(of: call)
        let issuedAt = timeline.elapsed
        var happenedAt = issuedAt
        messageCount += 1
        let message = messageCount
        if call.isProgram { programs[call.target] = message }
        if call.isMutating {
            onTheWay.append(
                MessageOnTheWay(number: message, call: call) { world, arrives in
                    if arrives || call.isProgram { _ = try? effect(&world, arrives ? nil : 0) }
                })
        }
        let answered = await process.wait { id in
            // What a killed process had sent may be held up on its way. A connection ends with a load balancer's reload.
            func arrive(after: Int64, _ arrival: @escaping () -> Void) {
                let action = { [self] in
                    onTheWay.removeAll { $0.number == message }
                    if !wasReloaded(call, since: issuedAt) { arrival() }
                }
                timeline.after(after) { [self] in
                    if process.isAlive || call.isProgram { return action() }
                    holdUp(call, action)
                }
            }
            func happen(after: Int64, limit: Int? = nil) {
                arrive(after: after) { [self] in
                    if call.isProgram, !endProgram(message, call) { return }
                    let arrives = process.isAlive || faults.arrives(call)
                    guard arrives || call.isProgram else { return }
                    // A program that ends with its rz leaves what it has begun.
                    happenedAt = timeline.elapsed
                    outcome = perform(call, looker, issuedAt, arrives ? limit : 0, effect)
                }
            }
            func reply(after: Int64) {
                timeline.after(after, owner: process) { process.wake(id) }
                guard after > Simulation.promptly, !call.isProgram else { return }
                note("\(process.name) waits \(after) ms for an answer of \(call.target) (\(call.name))")
                let end = timeline.elapsed + after
                waits[process.name, default: [:]][call.target] = max(end, waits[process.name]?[call.target] ?? 0)
            }
            switch fate {
            case .answered(let effectAfter, let replyAfter):
                happen(after: effectAfter)
                reply(after: effectAfter + replyAfter)
            case .failed(let failure, let after):
                onTheWay.removeAll { $0.number == message }
                endProgram(message, call)
                outcome = .failure(failure)
                reply(after: after)
            case .requestLost(let timeout):
                onTheWay.removeAll { $0.number == message }
                reply(after: timeout)
            case .replyLost(let effectAfter, let timeout):
                arrive(after: effectAfter) { [self] in
                    if process.isAlive || faults.arrives(call) { _ = perform(call, looker, issuedAt, nil, effect) }
                }
                reply(after: max(effectAfter, timeout))
            case .repeated(let effectAfter, let replyAfter):
                happen(after: effectAfter)
                happen(after: effectAfter + replyAfter)
                reply(after: effectAfter + replyAfter * 2)
            case .brokenOff(let changes, let after):
                happen(after: after, limit: changes)
                reply(after: after)
            }
            if call.isMutating { faults.passes(.duringCall(call), process) }
        }
        if !answered, process.isAlive { interruptProgram(message, call, by: looker, issuedAt, effect) }
        guard answered, process.isAlive else { throw .cancelled }
        if call.isMutating { faults.passes(.afterCall(call), process) }
        guard process.isAlive else { throw .cancelled }
        if !call.isMutating, case .success = outcome { checker.observed(call, by: looker, happenedAt) }
        return try outcome.get()
    }

    /// Whether a process waits for an answer that is lost or late.
    func isWaiting(_ process: SimulatedProcess, for target: Call.Target) -> Bool {
        waits[process.name]?[target].map { $0 > timeline.elapsed } ?? false
    }

    /// What is answered within this time is not late, in milliseconds.
    private static let promptly: Int64 = 500

    private func isFrozen(_ call: Call) -> Bool {
        guard case .loadBalancer(let name) = call.target, let balancer = world[name] else { return false }
        return balancer.isFrozenUntil > timeline.elapsed
    }

    /// Users are looked after whenever anything happens.
    private func checkUsers() {
        let holder = journal.holder
        checker.checkCapacity(world)
        checker.noteUse(world)
        checker.checkUsers(world, state, watchedBy: holder?.state == .running ? holder?.name : nil)
    }

    private func wasReloaded(_ call: Call, since issuedAt: Int64) -> Bool {
        guard case .loadBalancer(let name) = call.target, let balancer = world[name] else { return false }
        return balancer.process > 1 && balancer.startedAt > issuedAt
    }

    // MARK: - Late messages

    private func holdUp(_ call: Call, _ arrive: @escaping () -> Void) {
        switch faults.lateness(of: call) {
        case .after(let delay): timeline.after(delay, arrive)
        case .afterLooks(let looks):
            messageCount += 1
            let number = messageCount
            lateMessages[call.target, default: []].append(LateMessage(number: number, looks: looks, arrive: arrive))
            timeline.after(RandomFaults.latest) { [self] in
                guard let index = lateMessages[call.target]?.firstIndex(where: { $0.number == number }) else { return }
                lateMessages[call.target]?.remove(at: index).arrive()
            }
        }
    }

    private func lookedAt(_ target: Call.Target) {
        guard var late = lateMessages.removeValue(forKey: target) else { return }
        for index in late.indices { late[index].looks -= 1 }
        for message in late where message.looks == 0 { timeline.after(1, message.arrive) }
        late.removeAll { $0.looks == 0 }
        if !late.isEmpty { lateMessages[target] = late }
    }

    // MARK: - Programs

    /// Waits until no program of an earlier rz works on the target of a call; rz may be struck meanwhile.
    func awaitPrograms(before call: Call, by process: SimulatedProcess) async throws(Failure) {
        while programs[call.target] != nil {
            faults.passes(.beforeCall(call), process)
            let woken = await process.wait { id in timeline.after(50, owner: process) { process.wake(id) } }
            guard woken, process.isAlive else { throw .cancelled }
        }
    }

    /// - Returns: whether it still ran.
    @discardableResult
    private func endProgram(_ message: Int, _ call: Call) -> Bool {
        guard programs[call.target] == message else { return false }
        programs[call.target] = nil
        return true
    }

    /// A program that is asked to end leaves what it has begun.
    private func interruptProgram<Answer>(
        _ message: Int, _ call: Call, by looker: Checker.Looker, _ issuedAt: Int64,
        _ effect: (inout WorldState, Int?) throws(Failure) -> Answer
    ) {
        guard call.isProgram, endProgram(message, call) else { return }
        onTheWay.removeAll { $0.number == message }
        _ = perform(call, looker, issuedAt, 0, effect)
    }

    func append(
        _ kinds: [Event.Kind], run: RunID, epoch: Int?, at time: Instant, by process: SimulatedProcess
    ) throws(Failure) -> [Event] {
        guard process.isAlive else { throw .cancelled }
        faults.passes(.beforeAppend(kinds), process)
        guard process.isAlive else { throw .cancelled }
        if let epoch, !journal.isHeld(under: epoch) { throw SimulatedJournal.fenced }
        let failure = faults.appendFailure()
        if let failure, !failure.afterCommit { throw failure.failure }
        let events = write(kinds, at: time, by: process.name)
        if let failure { throw failure.failure }
        faults.passes(.afterAppend(kinds), process)
        guard process.isAlive else { throw .cancelled }
        return events
    }

    /// What people write into the journal, who hold no lock.
    func ask(_ wish: Event.Kind) { _ = write([wish], at: timeline.now, by: "ada") }

    private func write(_ kinds: [Event.Kind], at time: Instant, by name: String) -> [Event] {
        let events = journal.append(kinds, run: Simulation.run, at: time)
        world.advance(to: timeline.elapsed)
        for event in events {
            note("\(name) writes \(event.kind.inOrder)")
            state = evolve(state, event)
            eventCount += 1
            checker.happened(event, state, world)
        }
        checkUsers()
        return events
    }

    private func perform<Answer>(
        _ call: Call, _ looker: Checker.Looker, _ issuedAt: Int64, _ limit: Int?,
        _ effect: (inout WorldState, Int?) throws(Failure) -> Answer
    ) -> Result<Answer, Failure> {
        world.advance(to: timeline.elapsed)
        checkUsers()
        guard call.isMutating else {
            lookedAt(call.target)
            do throws(Failure) { return .success(try effect(&world, limit)) } catch { return .failure(error) }
        }
        let before = world
        let outcome: Result<Answer, Failure>
        do throws(Failure) {
            outcome = .success(try effect(&world, limit))
        } catch {
            outcome = .failure(error)
        }
        eventCount += 1
        note("\(looker.process) → \(call.description)\(outcome.failure.map { ": \($0.summary)" } ?? "")")
        checker.affected(call, by: looker, issuedAt: issuedAt, before: before, after: world, state)
        return outcome
    }

    /// Something happens that no rz did.
    func happens(_ text: String, _ change: (inout WorldState) -> Void) {
        world.advance(to: timeline.elapsed)
        note(text)
        change(&world)
        world.noteWhoCarries()
    }

    // MARK: - Trace

    func note(_ text: @autoclosure () -> String) {
        guard isTracing else { return }
        let time = String(timeline.elapsed)
        trace.append(String(repeating: " ", count: max(0, 8 - time.count)) + time + "  " + text())
    }
}

/// A change that a process asked for and that may still happen, whatever becomes of the process.
struct MessageOnTheWay {
    var number: Int
    var call: Call
    /// What becomes of the world when it arrives, and when it does not.
    var effect: (_ world: inout WorldState, _ arrives: Bool) -> Void
}

/// What a dead process had sent and what waits until others have looked so many times at where it goes.
private struct LateMessage {
    var number: Int
    var looks: Int
    var arrive: () -> Void
}

extension Result {
    fileprivate var failure: Failure? { if case .failure(let failure) = self { failure } else { nil } }
}

extension Event.Kind {
    /// In words that are the same each time, which a dictionary's are not.
    fileprivate var inOrder: String {
        switch self {
        case .trafficFound(let found):
            let servers = found.servers.sorted { $0.key < $1.key }.flatMap { name, backends in
                backends.sorted { $0.key < $1.key }.flatMap { backend, servers in
                    servers.map { server in
                        "\(name)/\(backend)/\(server.name) \(server.weight) \(server.administration)"
                            + (server.serves ? "" : ", does not serve")
                    }
                }
            }
            return "trafficFound(\(servers.joined(separator: ", ")))"
        case .serversRegistered(let servers):
            let listed = servers.sorted { $0.key < $1.key }.flatMap { name, backends in
                backends.sorted { $0.key < $1.key }.flatMap { backend, servers in
                    servers.map { "\(name)/\(backend)/\($0.name) \($0.address)" }
                }
            }
            return "serversRegistered(\(listed.joined(separator: ", ")))"
        case .listingIntended(let name, let servers):
            let listed = servers.sorted { $0.key < $1.key }.flatMap { backend, names in names.map { "\(backend)/\($0)" }
            }
            return "listingIntended(\(name): \(listed.joined(separator: ", ")))"
        case .outputsGiven(let step, let values):
            return "outputsGiven(\(step): \(values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }))"
        case .servicesRecorded(let color, let services):
            let left = services.sorted { $0.key < $1.key }.map { "\($0.key) × \($0.value.instances)" }
            return "servicesRecorded(\(color): \(left.joined(separator: ", ")))"
        case .oldSideMeasured(let usual):
            let measured = usual.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.requests) requests" }
            return "oldSideMeasured(\(measured.joined(separator: ", ")))"
        default:
            return "\(self)"
        }
    }
}
