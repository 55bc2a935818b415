import ArgumentParser
import JSON
import Migration
import Runbooks

struct ValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check environments and their runbooks, without asking anything outside.",
        discussion: """
              rz validate
              rz validate shop
              rz validate shop --json
            """)

    @Argument(help: "The environments; by default all.")
    var environments: [String] = []

    @Flag(name: .long, help: "Print one JSON object.")
    var json = false

    @OptionGroup var project: ProjectOptions

    func run() async throws {
        try await exiting {
            let folder = try ProjectFolder(root: project.chosenRoot)
            let names = environments.isEmpty ? try folder.environments() : environments
            var validations: [Validation] = []
            for name in names {
                let validation = await Validation(of: name, folder)
                if !json { show(validation) }
                validations.append(validation)
            }
            if environments.isEmpty {
                let named = Set(validations.compactMap(\.runbook))
                let rest = Validation(ofRunbooks: try folder.runbooks().filter { !named.contains($0) }, folder)
                if !json { show(rest) }
                validations.append(rest)
            }
            if json { Terminal.standardOutput.write(JSON.object(answer(validations)).compact + "\n") }
            return validations.allSatisfy(\.isValid) ? .done : .error
        }
    }

    private func show(_ validation: Validation) {
        for finding in validation.findings { Terminal.standardError.write("\(finding)\n") }
        guard let name = validation.environment, validation.isValid else { return }
        let runbook = validation.runbook.map { ", with runbook \($0)" } ?? ""
        Terminal.standardOutput.write("\(name): valid\(runbook)\n")
    }

    private func answer(_ validations: [Validation]) -> JSONObject {
        Answer.object([
            ("isValid", .bool(validations.allSatisfy(\.isValid))),
            (
                "environments",
                .array(
                    validations.compactMap { validation in
                        validation.environment.map { name in
                            .object(
                                JSONObject(
                                    [("name", JSON.string(name)), ("isValid", .bool(validation.isValid))]
                                        + (validation.runbook.map { [("runbook", .string($0))] } ?? [])))
                        }
                    })
            ),
            ("findings", .array(validations.flatMap(\.findings).map { .object($0.json) })),
        ])
    }
}
