import ArgumentParser
import FoundationEssentials
import Glibc
import Migration
import Provisioning
import Runbooks

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of a file format, for editors.",
        discussion: """
              rz schema environment > environment.schema.json
              rz schema runbook
              rz schema part
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case environment, runbook, part }

    @Argument(help: "Which format: environment, runbook or part.")
    var format: Format

    func run() throws {
        let schema =
            switch format {
            case .environment: Schema.environment
            case .runbook: Schema.runbook
            case .part: Schema.part
            }
        Terminal.standardOutput.write(schema)
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
