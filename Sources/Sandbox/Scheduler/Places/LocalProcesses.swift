import Glibc

/// Tasks as processes of this machine, on servers that are folders.
struct LocalProcesses: TaskPlace {
    private let directory: AgentDirectory
    /// Variables that every task gets from the scheduler's own environment.
    private let inherited: [String: String]

    init(_ configuration: SchedulerConfiguration, inherited: [String: String]) {
        directory = AgentDirectory(serversDirectory: configuration.serversDirectory, color: configuration.color)
        self.inherited = inherited
    }

    var service: (@Sendable () async throws -> Void)? { nil }

    mutating func takeOver(_ tasks: [TaskRecord]) -> [SchedulerEvent] {
        let started = tasks.contains { $0.process == nil } ? ProcessTable.sessionLeadersByTask() : [:]
        return [.agents(directory.agents())]
            + tasks.map { task in
                if let process = task.process ?? started[task.id], ProcessTable.isAlive(process) {
                    return .adopted(task: task.id, process)
                }
                return task.process == nil ? .unlaunched(task: task.id) : .exited(task: task.id, .unobserved)
            }
    }

    mutating func look(at state: SchedulerState, round: Int) -> [SchedulerEvent] {
        let isThorough = round % 10 == 0
        var news = state.tasks.values.compactMap { task -> SchedulerEvent? in
            task.process.flatMap { TaskProcess.exit(of: $0, thorough: isThorough) }.map { .exited(task: task.id, $0) }
        }
        if isThorough {
            let agents = directory.agents()
            if agents != state.agents { news.append(.agents(agents)) }
        }
        return news
    }

    mutating func launch(_ task: TaskRecord, of app: AppDefinition, in state: SchedulerState) -> SchedulerEvent? {
        let folder = "\(task.directory)/tasks/\(task.id)"
        do throws(File.Failure) {
            try File.makeDirectory(folder)
            try File.makeDirectory("\(task.directory)/run")
            let process = try TaskProcess.spawn(
                TaskProcess.Launch(
                    arguments: TaskEnvironment.arguments(task, app),
                    environment: TaskEnvironment.variables(
                        task, app, agent: state.environment(of: task), inherited: inherited),
                    workingDirectory: folder, outputFile: "\(folder)/stdout", errorFile: "\(folder)/stderr"))
            try? File.replace(pidFile(of: task), with: Array("\(process.pid)\n".utf8))
            return .started(task: task.id, process)
        } catch {
            return .exited(task: task.id, .neverStarted(error.description))
        }
    }

    mutating func end(_ task: TaskRecord, force: Bool) {
        if let process = task.process { TaskProcess.signal(process, force: force) }
    }

    mutating func forget(_ task: TaskRecord) { unlink(pidFile(of: task)) }

    mutating func finishRound(isWaiting: Bool) -> [SchedulerEvent] { [] }

    func performs(_ check: HealthCheck) -> Bool { false }

    private func pidFile(of task: TaskRecord) -> String { "\(task.directory)/run/\(task.id).pid" }
}
