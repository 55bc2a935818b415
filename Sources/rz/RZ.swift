import ArgumentParser

/// Moves a whole data centre from its blue environment to its green one.
@main
struct RZ: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rz",
        abstract: "Moves a whole data centre from its blue environment to its green one, while users notice nothing.",
        discussion: """
            First time:   rz sandbox up && rz plan sandbox && rz update sandbox
            At 3 a.m.:    rz status        where the run stands, what it waits for, what to type next
            """,
        version: "0.1.0",
        groupedSubcommands: [
            CommandGroup(name: "Move", subcommands: [Plan.self, Update.self, Resume.self, Rollback.self, Abort.self]),
            CommandGroup(name: "Watch and steer", subcommands: [Status.self, Pause.self, Approve.self, History.self]),
            CommandGroup(name: "Set up", subcommands: [Init.self, Validate.self, Doctor.self, Schema.self, Completion.self]),
            CommandGroup(name: "Practise", subcommands: [SandboxCommand.self]),
            CommandGroup(name: "Repair", subcommands: [Unlock.self]),
        ])
}
