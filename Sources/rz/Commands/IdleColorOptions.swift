import ArgumentParser
import Migration
import Operations
import Planning

/// What a command is given that does something with a color which no user is on.
struct IdleColorOptions: ParsableArguments {
    @Argument(help: "The environment.")
    var environment: String

    @Option(name: .long, help: "The color: blue or green.")
    var color: Color

    @Flag(name: .long, help: "Don't ask.")
    var yes = false

    @Flag(name: .long, help: "Show what would be done; change nothing.")
    var dryRun = false

    @OptionGroup var project: ProjectOptions
    @OptionGroup var output: OutputOptions

    func perform(_ operation: Operation, as command: String) async throws {
        try await exiting {
            let project = try await Project.load(environment, root: self.project.chosenRoot)
            let request = PlanRequest(color: color)
            if dryRun { return try await project.plan(operation, request).show(json: output.json) }
            return try await NewRun(
                operation: operation, request: request, purpose: "rz \(command) \(environment)", asks: !yes,
                output: output.output
            ).perform(project)
        }
    }
}

extension Color: ExpressibleByArgument {}
