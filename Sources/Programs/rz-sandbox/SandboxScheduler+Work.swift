import Commands
import Migration
import Sandbox

extension SandboxScheduler: SandboxWork {
    func perform() async throws -> ExitStatus {
        do {
            var configuration = try SchedulerConfiguration(contentsOf: config)
            if let mesos { configuration.mesos = MesosSettings(master: mesos) }
            try await Frameworks(configuration).run()
        } catch {
            throw Failure(error, doing: "The scheduler stopped")
        }
        return .done
    }
}
