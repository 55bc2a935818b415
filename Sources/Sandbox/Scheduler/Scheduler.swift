import Glibc
import JSON

/// A small Marathon-compatible scheduler for the sandbox: it answers Marathon's REST API and runs the tasks itself, or
/// on the agents of a Mesos cluster.
///
/// Its decisions are made by `SchedulerState`; this actor makes them durable, has a `TaskPlace` carry them out, and
/// reports back. Tasks stay when the scheduler ends, and the next one adopts them. Everything it must remember is on
/// disk before it acts, so any signal may end it at any time.
public actor Scheduler {
    let configuration: SchedulerConfiguration
    private let executor = BlockingExecutor(label: "sandbox.scheduler")
    private let probe: any HealthProbe
    private let inherited: [String: String]
    private var place: any TaskPlace
    private var state: SchedulerState
    private var storedRevision = -1
    private var writer = StateWriter()
    private var probes: [String: [Task<Void, Never>]] = [:]
    private var hub = EventHub()
    private var failure: SchedulerError?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    public init(configuration: SchedulerConfiguration) {
        self.init(configuration: configuration, probe: TransportHealthProbe())
    }

    init(configuration: SchedulerConfiguration, probe: any HealthProbe) {
        self.configuration = configuration
        self.probe = probe
        let inherited = ["PATH", "LANG", "HOME", "RZ_SANDBOX"].reduce(into: [String: String]()) { variables, name in
            if let value = getenv(name) { variables[name] = String(cString: value) }
        }
        self.inherited = inherited
        place = LocalProcesses(configuration, inherited: inherited)
        var generator = IdentifierGenerator(seed: .random(in: 0...UInt64.max))
        state = SchedulerState(
            frameworkID: configuration.mesos == nil ? "\(generator.next())-0000" : "",
            seed: .random(in: 0...UInt64.max), at: .now)
    }

    /// Serves until it is cancelled; tasks go on running afterwards.
    ///
    /// - Throws: `SchedulerError` when the state can't be read or written or the address is taken.
    public func run() async throws {
        let lock = try lockState()
        defer { close(lock) }
        try load()
        if let settings = configuration.mesos {
            let known = state.frameworkID.isEmpty ? nil : state.frameworkID
            place = MesosTasks(settings, link: MesosLink(settings, framework: known, info: frameworkInfo))
        }
        take(place.takeOver(state.tasks.values.sorted { $0.stagedAt < $1.stagedAt }))
        let service = place.service
        let server = SchedulerServer(scheduler: self)
        defer { stop() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask { try await self.watch() }
            if let service { group.addTask { try await service() } }
            defer { group.cancelAll() }
            do {
                try await group.next()
            } catch is CancellationError {
                return
            }
        }
    }

    // MARK: The API's way in

    /// The state as it is, for requests that only read.
    var snapshot: SchedulerState { state }

    /// Performs a request that changes something, and returns when the change is durable.
    func respond(to request: APIRequest) -> APIResponse {
        let response = MarathonAPI(configuration: configuration).respond(to: request, state: &state, at: .now)
        perform(state.settle(.now))
        if let failure { return APIResponse(status: 503, json: ["message": .string(failure.description)]) }
        return response
    }

    func subscribe(types: Set<String>, remoteAddress: String) -> (id: Int, frames: AsyncStream<[UInt8]>) {
        let subscription = hub.subscribe(types: types)
        hub.publish(
            ServerEvent("event_stream_attached", at: .now, [("remoteAddress", .string(remoteAddress))]))
        return subscription
    }

    func unsubscribe(_ id: Int, remoteAddress: String) {
        hub.unsubscribe(id)
        hub.publish(ServerEvent("event_stream_detached", at: .now, [("remoteAddress", .string(remoteAddress))]))
    }

    // MARK: Watching the world

    private func watch() async throws {
        var round = 0
        while true {
            if let failure { throw failure }
            take(place.look(at: state, round: round))
            if round % 100 == 99 { hub.beat() }
            take(.tick)
            round += 1
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func take(_ events: SchedulerEvent...) {
        take(events)
    }

    /// Takes events in together, so that the state is stored once for all of them.
    private func take(_ events: [SchedulerEvent]) {
        perform(events.flatMap { state.handle($0, at: .now) })
    }

    // MARK: Doing what the core decided

    private func perform(_ commands: [Command]) {
        var commands = commands
        repeat {
            while !commands.isEmpty {
                store()
                guard failure == nil else { return }
                let events = commands.compactMap(execute)
                commands = events.flatMap { state.handle($0, at: .now) }
            }
            commands = place.finishRound(isWaiting: !state.queue.isEmpty).flatMap { state.handle($0, at: .now) }
        } while !commands.isEmpty
        store()
    }

    private func execute(_ command: Command) -> SchedulerEvent? {
        switch command {
        case .launch(let task, let app): return place.launch(task, of: app, in: state)
        case .end(let task, let force): place.end(task, force: force)
        case .probe(let task, let checks): startProbes(task, checks)
        case .forget(let task):
            for probe in probes.removeValue(forKey: task.id) ?? [] { probe.cancel() }
            place.forget(task)
        case .publish(let event): hub.publish(event)
        case .detachSubscribers: hub.close()
        case .log(let entry): log(entry)
        }
        return nil
    }

    private func startProbes(_ task: TaskRecord, _ checks: [HealthCheck]) {
        let probe = probe
        let environment = state.apps[task.app]?.definition(of: task.version).map { app in
            TaskEnvironment.variables(task, app, agent: state.environment(of: task), inherited: inherited)
        }
        probes[task.id] = checks.enumerated().filter { !place.performs($0.element) }.map { index, check in
            let port = check.port ?? (task.ports.indices.contains(check.portIndex) ? task.ports[check.portIndex] : nil)
            let target = ProbeTarget(
                check: check, hostname: task.hostname, port: port, environment: environment ?? [:])
            return Task.detached { [weak self] in
                var wasAlive = false
                while !Task.isCancelled {
                    let failure = await probe.failure(of: target)
                    await self?.take(.probed(task: task.id, check: index, failure: failure))
                    wasAlive = wasAlive || failure == nil
                    if failure == nil, check.purpose != .health { return }
                    // A task that is still starting is looked at more often, so that no one waits for the interval.
                    try? await Task.sleep(for: .seconds(wasAlive ? check.interval : min(check.interval, 0.25)))
                }
            }
        }
    }

    private func log(_ entry: LogEntry) {
        do {
            try File.append(Array((entry.json.compact + "\n").utf8), to: configuration.log)
        } catch {
            fail("The scheduler's log can't be written: \(error).")
        }
    }

    /// What the scheduler reports of itself to a Mesos master.
    private var frameworkInfo: JSONObject {
        let url = "http://\(configuration.address):\(configuration.port)"
        return JSONObject(fields: [
            ("user", .string(getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "root")),
            ("name", "marathon"), ("role", "*"), ("checkpoint", true),
            ("failover_timeout", .amount(configuration.mesos?.failoverTimeout ?? 0)),
            ("hostname", .string(configuration.address)), ("webui_url", .string(url)),
            ("capabilities", [["type": "PARTITION_AWARE"], ["type": "TASK_KILLING_STATE"]]),
        ])
    }

    // MARK: State on disk

    private func store() {
        guard state.revision != storedRevision, failure == nil else { return }
        do {
            try File.replace(configuration.stateFile, with: writer.text(of: state))
            storedRevision = state.revision
        } catch {
            fail("The scheduler's state can't be written, so nothing more is done: \(error).")
        }
    }

    private func fail(_ message: String) {
        failure = failure ?? SchedulerError(message)
    }

    /// Two schedulers on one state would launch everything twice; the lock goes with its process, however it ends.
    private func lockState() throws(SchedulerError) -> Int32 {
        do {
            try File.makeDirectory(File.parent(of: configuration.stateFile))
            try File.makeDirectory(File.parent(of: configuration.log))
        } catch {
            throw SchedulerError("The scheduler's folders can't be made: \(error).")
        }
        let path = configuration.stateFile + ".lock"
        let file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw SchedulerError("The scheduler's lock \(path) can't be opened.") }
        // A process that is just being started somewhere holds a copy of every open file until it has become another.
        var attempts = 20
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            attempts -= 1
            if attempts > 0 {
                usleep(50_000)
                continue
            }
            close(file)
            throw SchedulerError(
                "Another scheduler already works on \(configuration.stateFile). End it first; its tasks stay.")
        }
        return file
    }

    private func load() throws(SchedulerError) {
        guard access(configuration.stateFile, F_OK) == 0 else { return }
        do {
            let json = try JSON(parsing: try File.read(configuration.stateFile))
            state = try StateDocument.state(from: json, seed: .random(in: 0...UInt64.max))
        } catch {
            throw SchedulerError(
                "The scheduler's state \(configuration.stateFile) can't be read: \(error). "
                    + "Restore the file, or move it away to start afresh (its tasks then have to be ended by hand).")
        }
    }

    private func stop() {
        for probe in probes.values.joined() { probe.cancel() }
        probes = [:]
        hub.close()
    }
}
