import Migration
import Provisioning
import Runbooks
import Trust

/// What one environment needs beside its files: its checkout, its secrets, and all that it calls.
struct EnvironmentChecks: Sendable {
    let environment: Environment
    /// Nil when it has errors.
    let runbook: Runbook?
    let folder: ProjectFolder
    let places: Places
    let settings: SettingResolver
    let drivers: Drivers

    init(_ environment: Environment, _ runbook: Runbook?, _ folder: ProjectFolder, _ places: Places) throws(Failure) {
        self.environment = environment
        self.runbook = runbook
        self.folder = folder
        self.places = places
        let place = folder.environmentFolder(environment.name)
        settings = SettingResolver(environmentFolder: place, rzHome: places.home)
        Redaction.cover(settings)
        try settings.remember(referencesOf: environment)
        if let runbook { try settings.remember(referencesOf: runbook) }
        drivers = Interposition.around(
            try Drivers.registered(
                for: environment, folder: place, state: places.state(of: environment.name), settings: settings,
                checkout: folder.root, looking: true))
    }

    // MARK: - The checkout and its references

    var ofCheckout: Check {
        Check("git checkout") {
            do throws(Failure) {
                let repository = try GitRepository.trusted(folder.root)
                let source = try await repository.observeSource()
                return try await [checkout(source)] + claim(repository)
            } catch {
                let advice = error.advice ?? "Commit: git add -A && git commit"
                return [
                    CheckResult(
                        environment.git.requireClean ? .problem : .note, "git checkout",
                        ([error.summary] + error.details).joined(separator: "; "), advice: advice)
                ]
            }
        }
    }

    private func checkout(_ source: PinnedSource) -> CheckResult {
        let policy = environment.git
        guard let commit = source.commit else {
            return CheckResult(
                policy.requireClean ? .problem : .note, "git checkout", "\(folder.root) is not in a Git repository",
                advice: "Run there: git init && git add -A && git commit")
        }
        if !source.changed.isEmpty, policy.requireClean {
            let names = source.changed.prefix(5).joined(separator: ", ") + (source.changed.count > 5 ? ", …" : "")
            return CheckResult(
                .problem, "git checkout", "has \(Wording.count(source.changed.count, "file")) not committed: \(names)",
                advice: "Commit or remove them: `git.requireClean` is on.")
        }
        if policy.requireSigned, !source.isSigned {
            return CheckResult(
                .problem, "git checkout", "the commit \(commit.prefix(12)) has no signature that can be verified",
                advice: "Sign it, or import the key of who did: docs/operations.md.")
        }
        return CheckResult(.ok, "git checkout", "commit \(commit.prefix(12))")
    }

    private func claim(_ repository: GitRepository) async throws(Failure) -> [CheckResult] {
        do {
            try await ProjectClaim(environment.name, repository, places).refuseOther()
            return []
        } catch {
            throw Failure(error, doing: "Which project the environment belongs to can't be read")
        }
    }

    /// Each secret by its reference, never by its value.
    var ofSecrets: Check {
        Check("secrets") {
            do throws(Failure) {
                var references = try settings.check(referencesOf: environment)
                if let runbook { references += try settings.check(referencesOf: runbook) }
                var problems: [CheckResult] = []
                var seen: Set<Setting> = []
                for (reference, problem) in references where seen.insert(reference).inserted {
                    if let problem { problems.append(CheckResult("secrets", problem)) }
                }
                guard problems.isEmpty else { return problems }
                return [
                    CheckResult(
                        .ok, "secrets",
                        seen.isEmpty ? "no references" : "\(Wording.count(seen.count, "reference")), each there")
                ]
            } catch {
                return [CheckResult("secrets", error)]
            }
        }
    }

    var ofTLSFiles: Check {
        Check("TLS files") {
            let now = SystemClock().now
            return TLSFiles(environment, resolver: settings.resolver).observe().map { sighting in
                guard let warning = sighting.warning(at: now) else {
                    let end = sighting.ends.map { "valid until \($0.description.prefix(10))" } ?? "readable"
                    return CheckResult(.ok, "TLS files", "\(sighting.place): \(sighting.server) is \(end)")
                }
                let isBad = sighting.problem != nil || sighting.ends.map { $0 < now } ?? false
                return CheckResult(
                    isBad ? .problem : .note, "TLS files", warning,
                    advice: sighting.problem == nil ? "Put a renewed file in its place." : nil)
            }
        }
    }
}
