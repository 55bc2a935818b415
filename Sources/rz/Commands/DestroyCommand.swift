import ArgumentParser
import Migration
import Operations
import Planning

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

    @Argument(help: "The environment.")
    var environment: String

    @Option(name: .long, help: "The color to destroy: blue or green.")
    var color: Color

    @Flag(name: .long, help: "Don't ask.")
    var yes = false

    @Flag(name: .long, help: "Show what would be done; change nothing.")
    var dryRun = false

    @OptionGroup var project: ProjectOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await exiting {
            let project = try await Project.load(environment, root: self.project.chosenRoot)
            if dryRun { return try await project.show(project.plan(.takeDown, PlanRequest(color: color)), output) }
            return try await NewRun(
                operation: .takeDown, request: PlanRequest(color: color), purpose: "rz destroy \(environment)",
                asks: !yes, output: output.output
            ).perform(project)
        }
    }
}
