import ArgumentParser
import Operations

struct BuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build a color that no user is on: the first one, or the other one ahead of its update.",
        discussion: """
            Builds disks and servers, configures them, and waits until their platform takes services, with the steps that \
            the runbook has for that. Load balancers are only read. Exits with 0 done, 3 halted (resumable), \
            4 rolled back, 5 refused, 130 interrupted (resumable); with --dry-run as plan does.

              rz build shop --color blue
              rz build shop --color blue --dry-run
            """)

    @OptionGroup var target: IdleColorOptions

    func run() async throws { try await target.perform(.build, as: "build") }
}
