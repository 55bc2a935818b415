import Migration

@testable import Runbooks

private let yamlTokens = [
    "&a ", "*a", "<<: *a", "? ", "- ", "- - - ", "!!str ", "|\n  ", ">-\n  ", "---\n", "...\n", "%YAML 9.9\n", "{a: [",
    "${env:", "${file:", "{{ agents[0].address }}", "1%", "1m", "9999999999d", "\u{85}", "~",
]

let runbookTargets: [FuzzTarget] = [
    FuzzTarget("environment", tokens: yamlTokens + ["name: ", "weight: ", "haproxy: ", "overrides:\n"]) { bytes in
        try check(bytes.text, EnvironmentFormat.shape) { value, reader in
            let environment = EnvironmentFormat.environment(value, &reader)
            for rule in environment.traffic { _ = rule.color(of: "blue-1") }
        }
    },
    FuzzTarget("runbook", tokens: yamlTokens + ["steps:\n", "use: ", "needs: ", "exec: ", "timeout: "]) { bytes in
        try check(bytes.text, RunbookFormat.shape) { value, reader in
            let runbook = RunbookFormat.runbook(value, &reader)
            _ = try outcome {
                try validateRunbook(runbook, with: Environment(name: "shop"))
                return true
            }
        }
    },
]

private func check(_ text: String, _ shape: Shape, _ decode: (Value, inout Reader) throws -> Void) throws {
    var reader = Reader(file: "environment.yaml")
    if let value = reader.read(text, as: shape) { try decode(value, &reader) }
    let problems = reader.problems
    guard !problems.isEmpty else { return }
    try checkText(of: ConfigurationError(problems))
    for problem in problems { try require(problem.line >= 0 && problem.column >= 0, "a problem has a place") }
}
