import ArgumentParser
import FoundationEssentials
import Glibc
import JSON
import Migration
import Reporting

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at everything that a run will need: tools, files, rights, secrets, and what it calls.",
        discussion: """
            One line for each thing: ok, problem with what to do, note, or not looked at with the reason. Changes
            nothing. Exits with 1 when there is a problem.

              rz doctor
              rz doctor shop
              rz doctor shop --json
            """)

    @Argument(help: "Look also at what this environment needs.")
    var environment: String?

    @Flag(name: .long, help: "Print one JSON object.")
    var json = false

    @OptionGroup var project: ProjectOptions

    func run() async throws {
        try await exiting {
            let results = await Doctor(environment: environment, root: project.chosenRoot).results()
            let problems = results.count { $0.verdict == .problem }
            if json {
                Terminal.standardOutput.write(JSON.object(answer(results)).compact + "\n")
            } else {
                let style = Terminal.standardOutput.style
                let lines = results.map { $0.line(style) + "\n" }.joined()
                let end =
                    problems == 0 ? "Nothing is missing." : problems == 1 ? "1 problem." : "\(problems) problems."
                Terminal.standardOutput.write("\(lines)\n\(end)\n")
            }
            return problems == 0 ? .done : .error
        }
    }

    private func answer(_ results: [CheckResult]) -> JSONObject {
        Answer.object([
            (
                "checks",
                .array(
                    results.map { result in
                        .object(
                            JSONObject(
                                [
                                    ("verdict", JSON.string(result.verdict.rawValue)),
                                    ("subject", .string(result.subject)),
                                    ("text", .string(Redaction.redact(result.text))),
                                ] + (result.advice.map { [("advice", .string(Redaction.redact($0)))] } ?? [])))
                    })
            )
        ])
    }
}

extension CheckResult {
    fileprivate func line(_ style: Reporting.Style) -> String {
        let word = verdict.rawValue.padded(to: 15)
        let mark =
            switch verdict {
            case .ok: style.good(word)
            case .note, .skipped: style.careful(word)
            case .problem: style.bad(word)
            }
        return "\(mark)\(subject.padded(to: 17)) \(sentence)"
    }
}
