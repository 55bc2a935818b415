import Migration
import Operations

/// What only both files together show, as the runbook's operation has it.
///
/// - Throws: `ConfigurationError` with every such problem, without a line, as either file could fix it.
public func validateRunbook(_ runbook: Runbook, with environment: Environment) throws(ConfigurationError) {
    let messages = RunbookFormat.operation.problems(runbook, environment)
    guard messages.isEmpty else {
        throw ConfigurationError(
            messages.map { ConfigurationError.Problem(file: "runbooks/\(runbook.name).yaml", message: $0) })
    }
}
