import ArgumentParser
import Operations

struct DestroyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destroy",
        abstract: "Destroy a color that no user is on, for example one that was left by --old-unreachable.",
        discussion: """
            Load balancers are only read: a color that carries traffic, or has sessions left, is refused. Data disks stay. \
            The approvals are those of tearDown. Exits with 0 done, 3 halted (resumable), 5 refused, 130 interrupted \
            (resumable); with --dry-run as plan does.

              rz destroy shop --color blue
              rz destroy shop --color blue --dry-run
            """)

    @OptionGroup var target: IdleColorOptions

    func run() async throws { try await target.perform(.takeDown, as: "destroy") }
}
