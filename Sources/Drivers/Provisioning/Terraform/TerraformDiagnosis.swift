import Migration

/// Says in plain words why Terraform failed.
struct TerraformDiagnosis {
    /// What Terraform worked on, for people: `the servers of blue`.
    let subject: String
    let module: String
    let secrets: Secrets

    /// How Terraform begins when another one holds the lock.
    static let locked = "Error acquiring the state lock"

    func failure(of work: String, diagnostics: [TerraformDiagnostic], end: ProcessEnd, errors: [String]) -> Failure {
        var failure = known(diagnostics.filter(\.isError)) ?? unknown(work, diagnostics, end, errors)
        failure.summary = secrets.redact(failure.summary)
        failure.details = failure.details.map(secrets.redact)
        return failure
    }

    private func known(_ errors: [TerraformDiagnostic]) -> Failure? {
        for error in errors {
            switch error.summary {
            case TerraformDiagnosis.locked:
                return TerraformLock(error.detail).failure(subject, module: module)
            case "Saved plan is stale": return stale(error)
            case "Instance cannot be destroyed", "Resource instance cannot be destroyed": return protected(error)
            case "No value for required variable": return missingVariable(error)
            case let summary where summary.hasSuffix("provisioner error"): return provisioner(error, errors)
            default: continue
            }
        }
        return nil
    }

    private func stale(_ error: TerraformDiagnostic) -> Failure {
        Failure(
            "Terraform's state of \(subject) changed after it was planned, so nothing was applied", at: module,
            details: [error.summary],
            advice: "Find out who else changes this state, then: rz resume. It plans again.", kind: .refused)
    }

    private func protected(_ error: TerraformDiagnostic) -> Failure {
        // Older Terraforms name the resource only in the text: `Resource ADDRESS has lifecycle.prevent_destroy set`.
        let words = error.detail.split(whereSeparator: \.isWhitespace)
        let address = error.address ?? (words.first == "Resource" ? words.dropFirst().first.map(String.init) : nil)
        return Failure(
            "Terraform would have to destroy \(address ?? "a resource"), which its module protects; nothing was changed",
            at: place(error), details: ["lifecycle.prevent_destroy is set"],
            advice: "Data disks belong in the root module under `provision.terraform.disks`. If it may go, take "
                + "prevent_destroy out of the module, commit, then: rz resume --commit HEAD.",
            kind: .refused)
    }

    private func missingVariable(_ error: TerraformDiagnostic) -> Failure {
        Failure(
            "Terraform's module of \(subject) requires a variable that has no value", at: place(error),
            details: lines(error.detail),
            advice: "Give it under `provision.terraform.variables` or `colors` in environment.yaml, as "
                + "\"${env:NAME}\" where it is a secret: TF_VAR_… of the shell is not passed on.")
    }

    private func provisioner(_ error: TerraformDiagnostic, _ all: [TerraformDiagnostic]) -> Failure {
        let others = all.count { $0.summary.hasSuffix("provisioner error") } - 1
        return Failure(
            "The provisioner of \(error.address ?? "a resource") failed" + (others > 0 ? ", \(others) others too" : ""),
            at: place(error), details: lines(error.detail),
            advice: "Fix its command, commit, then: rz resume --commit HEAD. Terraform marked the resource as tainted "
                + "and builds it again.")
    }

    private func unknown(
        _ work: String, _ diagnostics: [TerraformDiagnostic], _ end: ProcessEnd, _ errors: [String]
    ) -> Failure {
        if case .signaled(let signal) = end.status {
            return Failure(
                "Terraform was killed (signal \(signal)) while it \(work) \(subject)", at: module, details: errors,
                advice: "`rz resume` builds again what it had begun.", kind: .unknownEffect)
        }
        guard let first = diagnostics.first(where: \.isError) else {
            return Failure(
                "Terraform failed without a reason while it \(work) \(subject)", at: module,
                details: [end.words] + errors)
        }
        let others = diagnostics.filter { $0.isError && $0 != first }.map(\.summary)
        return Failure(
            "Terraform failed while it \(work) \(subject): \(first.summary)", at: place(first),
            details: lines(first.detail) + others)
    }

    private func place(_ error: TerraformDiagnostic) -> String {
        error.place.map { module + "/" + $0 } ?? module
    }

    private func lines(_ text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).prefix(12).map { Failure.shortened(String($0), to: 500) }
    }
}
