import ArgumentParser
import Glibc

/// Moves a whole data centre from its blue environment to its green one.
public struct RZ: AsyncParsableCommand {
    static let version = "0.1.0"

    /// The umask of whoever started rz. Its own lets no one else read what it writes.
    static let inheritedMask = umask(0o077)

    public init() {}

    public static func main() async {
        prepareProcess()
        if let mistyped = MistypedCommand(Array(CommandLine.arguments.dropFirst())) {
            Terminal.standardError.write("error: \(mistyped.failure)\n", within: .seconds(2))
            exit(withError: ExitCode.validationFailure)
        }
        await main(nil)
    }

    /// What each program of rz does first.
    public static func prepareProcess() {
        _ = inheritedMask
        Signals.outliveReaders()
        // A core would hold every secret that rz knows; what rz runs inherits the limit.
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), [rlimit(rlim_cur: 0, rlim_max: 0)])
    }

    public static let configuration = CommandConfiguration(
        commandName: "rz",
        abstract: "Moves a whole data centre from its blue environment to its green one, while users notice nothing.",
        discussion: """
            First time:   rz sandbox up; rz plan sandbox; rz update sandbox
            At 3 a.m.:    rz status        where the run is, what it waits for, what to type next
            """,
        version: version,
        groupedSubcommands: [
            CommandGroup(
                name: "Move",
                subcommands: [
                    PlanCommand.self, UpdateCommand.self, BuildCommand.self, DestroyCommand.self, ConvergeCommand.self,
                    DrillCommand.self,
                    ResumeCommand.self,
                    RollbackCommand.self,
                    AbortCommand.self,
                ]),
            CommandGroup(
                name: "Watch and steer",
                subcommands: [
                    StatusCommand.self, ServicesCommand.self, PauseCommand.self, ApproveCommand.self,
                    SkipCommand.self,
                    HistoryCommand.self,
                ]),
            CommandGroup(
                name: "Set up",
                subcommands: [
                    InitCommand.self, AdoptCommand.self, ValidateCommand.self, DoctorCommand.self, SchemaCommand.self,
                    CompletionCommand.self,
                ]),
            CommandGroup(name: "Practise", subcommands: [SandboxCommand.self, SimulateCommand.self]),
            CommandGroup(name: "Repair", subcommands: [UnlockCommand.self, JournalCommand.self]),
        ])
}
