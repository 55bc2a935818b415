/// Every framework of one color of the sandbox, in one process: the Marathon, and beside it what else is configured.
public struct Frameworks: Sendable {
    private let configuration: SchedulerConfiguration

    public init(_ configuration: SchedulerConfiguration) { self.configuration = configuration }

    /// Serves until it is cancelled or one of them fails; what they run stays.
    ///
    /// - Throws: `SchedulerError` of the one that failed.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            // The Marathon comes last: who waits for it finds the others there.
            if let port = configuration.composePort {
                let compose = ComposeScheduler(
                    configuration: ComposeSchedulerConfiguration(
                        address: configuration.address, port: port, color: configuration.color,
                        stateFile: "\(folder)/compose.json", serversDirectory: configuration.serversDirectory))
                group.addTask { try await compose.run() }
            }
            if let port = configuration.metronomePort {
                let jobs = JobScheduler(
                    configuration: JobSchedulerConfiguration(
                        address: configuration.address, port: port, color: configuration.color,
                        stateFile: "\(folder)/jobs.json", serversDirectory: configuration.serversDirectory))
                group.addTask { try await jobs.run() }
            }
            let configuration = configuration
            group.addTask { try await Scheduler(configuration: configuration).run() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private var folder: String { File.parent(of: configuration.stateFile) }
}
