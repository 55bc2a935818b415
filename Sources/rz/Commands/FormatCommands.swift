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
            var isValid = true
            for name in environments.isEmpty ? try folder.environments() : environments {
                do {
                    let environment = try folder.environment(name)
                    let runbook = try folder.runbook(environment.runbook)
                    try validateRunbook(runbook, with: environment)
                    let obstacles =
                        try await obstacles(environment, folder)
                        + (environment.visibleArguments + runbook.visibleArguments).map {
                            Obstacle($0, isBlocking: false)
                        }
                    for obstacle in obstacles {
                        let word = obstacle.isBlocking ? "error" : "warning"
                        Terminal.standardError.write("\(word): \(name): \(obstacle.text)\n")
                    }
                    if obstacles.contains(where: \.isBlocking) {
                        isValid = false
                        continue
                    }
                    Terminal.standardOutput.write("\(name): valid, with runbook \(environment.runbook)\n")
                } catch let error as ConfigurationError {
                    isValid = false
                    Terminal.standardError.write("\(error.description)\n")
                }
            }
            return isValid ? .done : .error
        }
    }

    /// What the files name and this machine does not have: submodules, the playbook, its collections.
    private func obstacles(_ environment: Environment, _ folder: ProjectFolder) async throws(Failure) -> [Obstacle] {
        let repository = try GitRepository.trusted(folder.root)
        let missing = try await repository.observeMissingSubmodules(
            try await repository.observeCommitIfThere(), paths: Project.paths(of: environment.name))
        guard missing.isEmpty else {
            return missing.map {
                Obstacle(
                    "the Git submodule \($0) is not in the checkout; run there: "
                        + "git submodule update --init --recursive", isBlocking: true)
            }
        }
        guard let configure = environment.configure else { return [] }
        let place = folder.environmentFolder(environment.name)
        let files = Ansible.missingFiles(configure, in: place)
        guard files.isEmpty, let binary = try Tool.ansible(folder.root) else {
            return files.map { Obstacle($0, isBlocking: true) }
        }
        // Ansible wants a file of settings where the project has none.
        let draft = FileManager.default.temporaryDirectory.path + "/rz-validate-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: draft) }
        return try await Ansible(
            binary: binary, configure: configure, environmentFolder: place, stateFolder: draft,
            resolve: { setting throws(Failure) in setting.text }
        ).observeObstacles()
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
