import ArgumentParser
import Migration
import Operations
import Planning
import Reporting

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

    @Argument(help: "The environment.")
    var environment: String

    @Option(name: .long, help: "The color to build: blue or green.")
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
            if dryRun { return try await project.show(project.plan(.build, PlanRequest(color: color)), output) }
            return try await NewRun(
                operation: .build, request: PlanRequest(color: color), purpose: "rz build \(environment)", asks: !yes,
                output: output.output
            ).perform(project)
        }
    }
}

extension Project {
    /// Shows a plan of an operation that saves none.
    func show(_ plan: Plan, _ output: OutputOptions) throws -> ExitStatus {
        let terminal = Terminal.standardOutput
        terminal.write(
            output.json
                ? try PlanCoding.text(of: plan) + "\n"
                : PlanView(plan, style: terminal.style, width: terminal.width).text)
        return plan.obstacles.isEmpty ? .changes : .refused
    }
}

extension Color: ExpressibleByArgument {}
