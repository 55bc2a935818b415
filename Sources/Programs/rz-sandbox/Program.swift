import ArgumentParser
import Commands

/// Performs `rz sandbox`: rz hands over its arguments as they are, so this reads them as rz does.
@main
struct Program: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rz", abstract: "The part of rz that runs the sandbox.", subcommands: [SandboxCommand.self])

    static func main() async {
        RZ.prepareProcess()
        do { try await perform() } catch { exit(withError: error) }
    }

    /// Not on the main actor, as `main` is.
    private static func perform() async throws {
        try await exiting {
            var command = try parseAsRoot()
            if let work = command as? any SandboxWork { return try await work.perform() }
            try command.run()
            return .done
        }
    }
}

/// What a command of the sandbox does.
protocol SandboxWork {
    func perform() async throws -> ExitStatus
}
