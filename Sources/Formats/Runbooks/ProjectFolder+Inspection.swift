import Migration

extension ProjectFolder {
    /// What could be read of an environment and its runbook, and everything that is wrong with either.
    public struct Inspection: Sendable {
        /// Nil when its file has problems.
        public var environment: Environment?
        /// Nil when its file has problems, or does not exist.
        public var runbook: Runbook?
        /// In the order of the files and their lines.
        public var problems: [ConfigurationError.Problem] = []
        /// Files that can't be read.
        public var failures: [Failure] = []

        public var isValid: Bool { problems.isEmpty && failures.isEmpty }
    }

    /// Reads an environment and its runbook to the end of both, whatever is wrong with the first.
    ///
    /// - Throws: `Failure` when there is no such environment.
    public func inspect(_ name: String) throws(Failure) -> Inspection {
        try requireEnvironment(name)
        var inspection = Inspection()
        let draft: (environment: Environment?, problems: [ConfigurationError.Problem])
        do throws(Failure) { draft = try readEnvironment(name) } catch {
            inspection.failures.append(error)
            return inspection
        }
        inspection.problems = draft.problems
        if draft.problems.isEmpty { inspection.environment = draft.environment }
        guard let runbook = draft.environment?.runbook else { return inspection }
        do {
            inspection.runbook = try self.runbook(runbook)
            if let environment = inspection.environment, let runbook = inspection.runbook {
                try validateRunbook(runbook, with: environment)
            }
        } catch let error as ConfigurationError {
            inspection.problems += error.problems
        } catch {
            inspection.failures.append(Failure(error, doing: "The runbook can't be read"))
        }
        return inspection
    }
}
