import ArgumentParser
import FoundationEssentials
import Glibc
import Migration
import Provisioning
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
            let names = environments.isEmpty ? try folder.environments() : environments
            var isValid = true
            var runbooks: Set<String> = []
            for name in names {
                do throws(Failure) {
                    let inspection = try folder.inspect(name)
                    if let runbook = inspection.runbook { runbooks.insert(runbook.name) }
                    if await !isFit(name, inspection, folder) { isValid = false }
                } catch {
                    isValid = false
                    report("error", nil, error.description)
                }
            }
            if environments.isEmpty, !areReadable(try folder.runbooks().filter { !runbooks.contains($0) }, folder) {
                isValid = false
            }
            return isValid ? .done : .error
        }
    }

    /// Prints everything that is wrong with an environment, its runbook and the files that they name.
    private func isFit(_ name: String, _ inspection: ProjectFolder.Inspection, _ folder: ProjectFolder) async -> Bool {
        for problem in inspection.problems { Terminal.standardError.write("\(problem)\n") }
        for failure in inspection.failures { report("error", name, failure.description) }
        guard let environment = inspection.environment else { return false }
        let files = FileChecks(folder: folder, environment: environment, runbook: inspection.runbook)
        let results = await files.problems()
        for result in results { report(result.verdict == .problem ? "error" : "warning", name, result.sentence) }
        let arguments = environment.visibleArguments + (inspection.runbook?.visibleArguments ?? [])
        for text in arguments { report("warning", name, text) }
        for place in files.fillIns() { report("to fill in", nil, place.description) }
        guard inspection.isValid, !results.contains(where: { $0.verdict == .problem }) else { return false }
        Terminal.standardOutput.write("\(name): valid, with runbook \(environment.runbook)\n")
        return true
    }

    /// Runbooks that no environment names yet.
    private func areReadable(_ names: [String], _ folder: ProjectFolder) -> Bool {
        var isValid = true
        for name in names {
            do { _ = try folder.runbook(name) } catch let error as ConfigurationError {
                isValid = false
                Terminal.standardError.write("\(error)\n")
            } catch {
                isValid = false
                report("error", name, "\(error)")
            }
        }
        return isValid
    }

    private func report(_ word: String, _ name: String?, _ text: String) {
        Terminal.standardError.write("\(word): \(name.map { $0 + ": " } ?? "")\(text)\n")
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
