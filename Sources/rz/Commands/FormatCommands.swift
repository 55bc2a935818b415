import ArgumentParser
import Migration
import Runbooks

struct ValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check environments and their runbooks, without asking anything outside.",
        discussion: """
              rz validate
              rz validate shop
            """)

    @Argument(help: "The environments; by default all.")
    var environments: [String] = []

    @OptionGroup var project: ProjectOptions

    func run() async throws {
        try await exiting {
            let folder = try ProjectFolder(root: project.chosenRoot)
            var isValid = true
            for name in environments.isEmpty ? try folder.environments() : environments {
                do {
                    let environment = try folder.environment(name)
                    let runbook = try folder.runbook(environment.runbook)
                    try Runbooks.validate(runbook, with: environment)
                    Terminal.standardOutput.write("\(name): valid, with runbook \(environment.runbook)\n")
                } catch let error as ConfigurationError {
                    isValid = false
                    Terminal.standardError.write("\(error.description)\n")
                }
            }
            return isValid ? .done : .error
        }
    }
}

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of a file format, for editors.",
        discussion: """
              rz schema environment > environment.schema.json
              rz schema runbook
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case environment, runbook }

    @Argument(help: "Which format: environment or runbook.")
    var format: Format

    func run() throws {
        Terminal.standardOutput.write(format == .environment ? Schema.environment : Schema.runbook)
    }
}

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print the completion script for a shell.",
        discussion: """
              source <(rz completion bash)
              rz completion fish > ~/.config/fish/completions/rz.fish
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() throws {
        let wanted: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        Terminal.standardOutput.write(RZ.completionScript(for: wanted) + "\n")
    }
}
