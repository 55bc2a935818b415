/// Every framework of one color of the sandbox, in one process: the Marathon, and beside it what else is configured,
/// and what a Mesos master would report of them.
public struct Frameworks: Sendable {
    private let configuration: SchedulerConfiguration

    public init(_ configuration: SchedulerConfiguration) { self.configuration = configuration }

    /// Serves until it is cancelled or one of them fails; what they run stays.
    ///
    /// - Throws: `SchedulerError` of the one that failed.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var frameworks: [any MesosFramework] = []
            // The Marathon comes last: who waits for it finds the others there.
            if let port = configuration.composePort {
                var settings = ComposeSchedulerConfiguration(
                    address: configuration.address, port: port, color: configuration.color,
                    stateFile: "\(folder)/compose.json", serversDirectory: configuration.serversDirectory)
                settings.credentials = configuration.credentials
                let compose = ComposeScheduler(configuration: settings)
                frameworks.append(compose)
                group.addTask { try await compose.run() }
            }
            if let port = configuration.metronomePort {
                var settings = JobSchedulerConfiguration(
                    address: configuration.address, port: port, color: configuration.color,
                    stateFile: "\(folder)/jobs.json", serversDirectory: configuration.serversDirectory)
                settings.credentials = configuration.credentials
                let jobs = JobScheduler(configuration: settings)
                frameworks.append(jobs)
                group.addTask { try await jobs.run() }
            }
            let marathon = Scheduler(configuration: configuration)
            if let port = configuration.mesosPort {
                let mesos = MesosEndpoints(
                    address: configuration.address, port: port,
                    agents: AgentDirectory(
                        serversDirectory: configuration.serversDirectory, color: configuration.color),
                    credentials: configuration.credentials,
                    frameworks: frameworks + [marathon])
                group.addTask { try await mesos.run() }
            }
            group.addTask { try await marathon.run() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private var folder: String { File.parent(of: configuration.stateFile) }
}
