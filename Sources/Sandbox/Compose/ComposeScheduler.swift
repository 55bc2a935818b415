import Glibc
import JSON

/// Where the sandbox's mesos-compose listens, which servers it runs tasks on and where it keeps its records.
public struct ComposeSchedulerConfiguration: Sendable {
    public var address: String
    public var port: Int
    /// Only servers of this color run tasks.
    public var color: String
    public var stateFile: String
    public var serversDirectory: String
    /// What stands before the project in the names of tasks.
    public var prefix = "mc"
    /// Its name, below which it looks for the records that it reports.
    public var framework = "mc"
    /// How long Vault takes to answer each time, while other handlers go on with the same service; nil asks none.
    public var vaultDelay: (@Sendable () -> Duration)?
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

/// A small mesos-compose for the sandbox: records of tasks, a heartbeat that makes what runs agree with them, and the REST
/// API with its quirks.
///
/// Source: mesos-compose dd95e1b, `scheduler/heartbeat.go`, `api/`.
public actor ComposeScheduler {
    let configuration: ComposeSchedulerConfiguration
    private let executor = BlockingExecutor(label: "sandbox.compose")
    private let directory: AgentDirectory
    private let inherited: [String: String]
    private var identifiers = IdentifierGenerator(seed: .random(in: 0...UInt64.max))
    var records: [ComposeRecord] = []
    var handled = HandledService()
    private var failure: SchedulerError?

    private static let killGrace = 3.0

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    public init(configuration: ComposeSchedulerConfiguration) {
        self.configuration = configuration
        directory = AgentDirectory(serversDirectory: configuration.serversDirectory, color: configuration.color)
        inherited = ["PATH", "LANG", "HOME", "RZ_SANDBOX"].reduce(into: [:]) { variables, name in
            if let value = getenv(name) { variables[name] = String(cString: value) }
        }
    }

    /// Serves until it is cancelled; tasks go on running afterwards.
    ///
    /// - Throws: `SchedulerError` when the records can't be read or written or the address is taken.
    public func run() async throws {
        try load()
        let server = LoopbackServer(address: configuration.address, port: configuration.port)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.serve { await self.respond(to: $0) } }
            group.addTask { try await self.beat() }
            defer { group.cancelAll() }
            do { try await group.next() } catch is CancellationError { return }
        }
    }

    // MARK: - Records

    func add(project: String, service: String, json: JSONObject, number: Int = 0) {
        records.append(
            ComposeRecord(project: project, service: service, json: json, number: number, unique: identifiers.next()))
    }

    func kill(where condition: (ComposeRecord) -> Bool) {
        for index in records.indices where condition(records[index]) {
            records[index].json["Restart"] = "no"
            records[index].json["Instances"] = 0
            records[index].state = "__KILL"
        }
        store()
    }

    // MARK: - The heartbeat

    private func beat() async throws {
        while true {
            if let failure { throw failure }
            collect()
            balance()
            launchNew()
            endKilled()
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// What ended is launched again or forgotten, by its restart policy.
    private func collect() {
        for record in records {
            guard let process = record.process, let exit = TaskProcess.exit(of: process) else { continue }
            unlink("\(record.directory)/run/\(record.id).pid")
            guard let index = records.firstIndex(where: { $0.id == record.id }) else { continue }
            let policy = record.json["Restart"]?.string ?? "unless-stopped"
            let restarts =
                switch policy {
                case "always": true
                case "on-failure": exit != .code(0)
                case "unless-stopped": exit != .code(0)
                default: false
                }
            records.remove(at: index)
            if restarts, !record.isBeingKilled {
                var json = record.json
                json["State"] = ""
                add(project: record.project, service: record.service, json: json)
            }
            store()
        }
    }

    /// As many records of a service as it should have.
    private func balance() {
        for own in Dictionary(grouping: records.filter { !$0.isBeingKilled }, by: \.key).values {
            guard let model = own.first else { continue }
            if own.count < model.instances {
                for number in own.count..<model.instances {
                    var json = model.json
                    json["State"] = ""
                    add(project: model.project, service: model.service, json: json, number: number)
                }
                store()
            } else if own.count > model.instances {
                let surplus = Set(own.suffix(own.count - model.instances).map(\.id))
                for index in records.indices where surplus.contains(records[index].id) {
                    records[index].state = "__KILL"
                }
                store()
            }
        }
    }

    private func launchNew() {
        guard records.contains(where: { $0.state.isEmpty || $0.state == "__NEW" }) else { return }
        let agents = directory.agents()
        for record in records where record.state.isEmpty || record.state == "__NEW" {
            let load = Dictionary(grouping: records, by: \.directory).mapValues(\.count)
            let free = agents.min { (load[$0.directory] ?? 0, $0.server) < (load[$1.directory] ?? 0, $1.server) }
            if let free { launch(record, on: free) }
        }
    }

    /// The record is on disk as staging before its process begins.
    private func launch(_ record: ComposeRecord, on agent: Agent) {
        guard let index = records.firstIndex(where: { $0.id == record.id }) else { return }
        var record = record
        record.state = "TASK_STAGING"
        record.json["StateTime"] = .string(Timestamp.now.description)
        record.directory = agent.directory
        record.json["Agent"] = .string(agent.id)
        record.json["port_mappings"] = record.json["port_mappings"]?.array.map { mappings in
            .array(
                mappings.map { mapping in
                    var mapping = mapping.object ?? JSONObject()
                    mapping["host_port"] = .count(Int.random(in: 31_000...32_000))
                    return .object(mapping)
                })
        }
        records[index] = record
        store()
        guard failure == nil else { return }
        let folder = "\(record.directory)/tasks/\(record.id)"
        do throws(File.Failure) {
            try File.makeDirectory(folder)
            try File.makeDirectory("\(record.directory)/run")
            let process = try TaskProcess.spawn(
                TaskProcess.Launch(
                    arguments: record.arguments,
                    environment: record.variables(agent: agent.environment, inherited: inherited),
                    workingDirectory: folder, outputFile: "\(folder)/stdout", errorFile: "\(folder)/stderr"))
            try File.replace("\(record.directory)/run/\(record.id).pid", with: Array("\(process.pid)\n".utf8))
            records[index].process = process
            records[index].state = "TASK_RUNNING"
        } catch {
            records[index].state = "TASK_FAILED"
        }
        store()
    }

    private func endKilled() {
        for index in records.indices.reversed() where records[index].isBeingKilled {
            guard let process = records[index].process else {
                records.remove(at: index)
                store()
                continue
            }
            let now = Timestamp.now
            guard let deadline = records[index].killDeadline else {
                records[index].killDeadline = now.adding(seconds: ComposeScheduler.killGrace)
                TaskProcess.signal(process, force: false)
                continue
            }
            if deadline < now { TaskProcess.signal(process, force: true) }
        }
    }

    // MARK: - On disk

    func store() {
        guard failure == nil else { return }
        let text = JSON.object(JSONObject([("records", .array(records.map(\.stored)))])).compact
        do {
            try File.replace(configuration.stateFile, with: Array(text.utf8))
        } catch {
            failure = SchedulerError("The records of mesos-compose can't be written: \(error).")
        }
    }

    private func load() throws(SchedulerError) {
        do {
            try File.makeDirectory(File.parent(of: configuration.stateFile))
            guard access(configuration.stateFile, F_OK) == 0 else { return }
            records = (try JSON(parsing: try File.read(configuration.stateFile))["records"]?.array ?? [])
                .compactMap { ComposeRecord(stored: $0) }
        } catch {
            throw SchedulerError("The records \(configuration.stateFile) can't be read: \(error).")
        }
        // A process that was begun right before the end of the last scheduler is found by its variables.
        let leaders = records.contains { $0.state == "TASK_STAGING" } ? ProcessTable.sessionLeadersByTask() : [:]
        for index in records.indices where records[index].state == "TASK_STAGING" {
            records[index].process = leaders[records[index].id]
            records[index].state = records[index].process == nil ? "" : "TASK_RUNNING"
        }
    }
}
