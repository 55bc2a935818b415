import Glibc
import JSON
import Migration

/// Where the sandbox's Metronome listens, which servers it runs jobs on and where it keeps its state.
public struct JobSchedulerConfiguration: Sendable, Equatable {
    public var address: String
    public var port: Int
    /// Only servers of this color run jobs.
    public var color: String
    public var stateFile: String
    public var serversDirectory: String
    /// Who may use the API; everyone when nil.
    public var credentials: SchedulerCredentials?

    public init(address: String, port: Int, color: String, stateFile: String, serversDirectory: String) {
        self.address = address
        self.port = port
        self.color = color
        self.stateFile = stateFile
        self.serversDirectory = serversDirectory
    }
}

/// A small Metronome-compatible scheduler for the sandbox: it answers Metronome's REST API, fires by the clock, and runs
/// jobs as processes of its own on the same servers as the sandbox's Marathon.
///
/// What it has decided is on disk before it acts. Runs stay when it ends, and the next one adopts them; a time that
/// passed while it was not there is not made up for, as in Metronome.
public actor JobScheduler {
    let configuration: JobSchedulerConfiguration
    private let executor = BlockingExecutor(label: "sandbox.jobs")
    private let directory: AgentDirectory
    private let api: MetronomeAPI
    private let inherited: [String: String]
    private var identifiers = IdentifierGenerator(seed: .random(in: 0...UInt64.max))
    private var state = JobState()
    private var storedRevision = -1
    private var failure: SchedulerError?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    public init(configuration: JobSchedulerConfiguration) {
        self.configuration = configuration
        directory = AgentDirectory(serversDirectory: configuration.serversDirectory, color: configuration.color)
        api = MetronomeAPI(endpoint: "\(configuration.address):\(configuration.port)")
        inherited = ["PATH", "LANG", "HOME", "RZ_SANDBOX"].reduce(into: [:]) { variables, name in
            if let value = getenv(name) { variables[name] = String(cString: value) }
        }
    }

    /// Serves until it is cancelled; runs go on afterwards.
    ///
    /// - Throws: `SchedulerError` when the state can't be read or written or the address is taken.
    public func run() async throws {
        try load()
        let server = LoopbackServer(address: configuration.address, port: configuration.port)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.serve(for: self.configuration.credentials) { await self.respond(to: $0) } }
            group.addTask { try await self.watch() }
            defer { group.cancelAll() }
            do { try await group.next() } catch is CancellationError { return }
        }
    }

    private func respond(to request: APIRequest) -> APIResponse {
        // What is due was due before whatever is asked for now.
        let now = Instant.now
        state.fire(at: now)
        let response = api.respond(to: request, state: &state, at: now)
        launchWaiting()
        store()
        if let failure { return APIResponse(status: 503, json: ["message": .string(failure.description)]) }
        return response
    }

    /// The runs whose processes live, each with its job.
    var activeRuns: [(run: JobRun, job: JobRecord?)] {
        state.runs.filter { $0.status == .active }.map { ($0, state.jobs[$0.job]) }
    }

    // MARK: - The clock

    private func watch() async throws {
        while true {
            if let failure { throw failure }
            collect()
            state.fire(at: .now)
            launchWaiting()
            store()
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Takes note of what ended. What was not seen to end may have done anything; it counts as failed.
    private func collect() {
        for run in state.runs where run.status == .active {
            guard let process = run.process, let exit = TaskProcess.exit(of: process) else { continue }
            unlink("\(run.directory)/run/\(run.task).pid")
            if exit == .code(0) {
                state.end(run, .success, at: .now)
            } else if mayTryAgain(run) {
                var again = run
                again.status = .initial
                again.process = nil
                state.update(again)
            } else {
                state.end(run, .failed, at: .now)
            }
        }
    }

    private func mayTryAgain(_ run: JobRun) -> Bool {
        guard let restart = state.jobs[run.job]?.run["restart"], restart["policy"]?.string == "ON_FAILURE" else {
            return false
        }
        let limit = restart["activeDeadlineSeconds"]?.int.map { Period.seconds(Int64($0)) }
        return limit.map { Instant.now - run.createdAt < $0 } ?? true
    }

    private func launchWaiting() {
        let waiting = state.runs.filter { $0.status == .initial }
        guard !waiting.isEmpty else { return }
        let agents = directory.agents()
        for run in waiting {
            guard let job = state.jobs[run.job] else { continue }
            if let agent = agents.first(where: { job.admits($0) }) {
                launch(run, of: job, on: agent)
            } else if Instant.now - run.createdAt > job.startingDeadline {
                state.end(run, .failed, at: .now)
            }
        }
    }

    /// The run is on disk as active before its process begins: it is never begun twice.
    private func launch(_ run: JobRun, of job: JobRecord, on agent: Agent) {
        var run = run
        run.status = .active
        run.directory = agent.directory
        run.task = "\(run.job.replacing(".", with: "_"))_\(run.id).\(identifiers.next())"
        state.update(run)
        store()
        guard failure == nil else { return }
        do throws(File.Failure) {
            try File.makeDirectory(run.folder)
            try File.makeDirectory("\(run.directory)/run")
            run.process = try TaskProcess.spawn(
                TaskProcess.Launch(
                    arguments: job.arguments,
                    environment: job.variables(of: run, agent: agent.environment, inherited: inherited),
                    workingDirectory: run.folder, outputFile: "\(run.folder)/stdout",
                    errorFile: "\(run.folder)/stderr"))
            try File.replace(
                "\(run.directory)/run/\(run.task).pid", with: Array("\(run.process?.pid ?? 0)\n".utf8))
            state.update(run)
        } catch {
            state.end(run, .failed, at: .now)
        }
    }

    // MARK: - State on disk

    private func store() {
        guard state.revision != storedRevision, failure == nil else { return }
        do {
            try File.replace(configuration.stateFile, with: Array(state.json.compact.utf8))
            storedRevision = state.revision
        } catch {
            failure = SchedulerError("The state of the jobs can't be written, so nothing more is done: \(error).")
        }
    }

    private func load() throws(SchedulerError) {
        do {
            try File.makeDirectory(File.parent(of: configuration.stateFile))
            guard access(configuration.stateFile, F_OK) == 0 else { return }
            state = JobState(try JSON(parsing: try File.read(configuration.stateFile)), at: .now)
        } catch {
            throw SchedulerError("The state of the jobs \(configuration.stateFile) can't be read: \(error).")
        }
        adoptRuns()
    }

    /// A run whose process was begun right before the end of the last scheduler is found by its variables.
    private func adoptRuns() {
        let started = state.runs.contains { $0.status == .active && $0.process == nil }
        let leaders = started ? ProcessTable.sessionLeadersByTask() : [:]
        for var run in state.runs where run.status == .active && run.process == nil {
            run.process = leaders[run.task]
            if run.process == nil { state.end(run, .failed, at: .now) } else { state.update(run) }
        }
    }
}

extension Instant {
    /// The wall clock, for the shell around the core; the core itself is given the time.
    static var now: Instant { Instant(milliseconds: Timestamp.now.milliseconds) }
}
