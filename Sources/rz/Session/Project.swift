import FoundationEssentials
import Glibc
import Migration
import Provisioning
import Runbooks
import SafeFiles

extension GitRepository {
    /// Asked with a Git that no one else may have put there.
    static func trusted(_ folder: String) throws(Failure) -> GitRepository {
        GitRepository(folder: folder, binary: try Tool.find("git") ?? "git")
    }
}

/// An environment with its runbook, read from a pinned copy of the checkout, so that later edits can't reach a run.
public struct Project {
    public let environment: Environment
    let runbook: Runbook
    let source: PinnedSource
    public let drivers: Drivers
    private let folder: ProjectFolder
    let places: Places
    let settings: SettingResolver
    /// Nil for a run that goes on without its checkout.
    let claim: ProjectClaim?

    /// Reads an environment from the checkout around the current folder, or from `root`.
    ///
    /// - Parameter planFile: where a plan is saved; it makes no checkout dirty.
    public static func load(_ name: String, root: String?, planFile: String? = nil) async throws -> Project {
        let places = try Places.trusted()
        let folder = try projectFolder(for: name, root: root, places)
        try folder.requireEnvironment(name)
        let repository = try GitRepository.trusted(folder.root)
        var source = try await repository.observeSource()
        if let planFile { source.changed.removeAll { isPlan($0, planFile, in: folder.root) } }
        return try await pinned(source, name, folder, repository, places)
    }

    /// Reads an environment as a commit of the checkout has it, whatever is checked out.
    ///
    /// - Parameter revision: whatever Git takes for a commit, for example `HEAD` or `4f1c2e9`.
    static func load(_ name: String, at revision: String, root: String?) async throws -> Project {
        let places = try Places.trusted()
        let folder = try projectFolder(for: name, root: root, places)
        let repository = try GitRepository.trusted(folder.root)
        let source = try await repository.observeCommit(revision)
        return try await pinned(source, name, folder, repository, places)
    }

    /// What a run of an environment works from, relative to the folder that holds `environments/`.
    static func paths(of name: String) -> [String] { ["environments/\(name)", "runbooks"] }

    private static func pinned(
        _ source: PinnedSource, _ name: String, _ folder: ProjectFolder, _ repository: GitRepository, _ places: Places
    ) async throws -> Project {
        let claim = ProjectClaim(name, repository, places)
        try await claim.refuseOther()
        var source = source
        source.copy = copyName(source)
        source.checkout = folder.root
        let copy = places.copy(source, of: name)
        source.digest = try await repository.checkOut(source, paths: paths(of: name), into: copy)
        return try Project(name, copy: copy, source: source, places: places, checkout: folder.root, claim: claim)
    }

    /// Reads an environment as a run was pinned to it.
    static func resume(_ plan: Plan) throws -> Project {
        let places = try Places.trusted()
        let copy = places.copy(plan.source, of: plan.environment.name)
        guard FileManager.default.fileExists(atPath: copy) else {
            let commit = plan.source.commit.map { String($0.prefix(12)) } ?? "COMMIT"
            throw Failure(
                "The copy that the run works from is gone", at: copy,
                advice: "Make it again from the checkout: \(Advice.resume(plan.environment.name)) --commit \(commit)")
        }
        if let digest = plan.source.digest, try TreeDigest.of(copy) != digest {
            let commit = plan.source.changed.isEmpty ? plan.source.commit.map { String($0.prefix(12)) } : nil
            throw Failure(
                "The copy that the run works from was changed", at: copy,
                details: ["what was approved is what runs: see in the copy what differs, and who changed it"],
                advice: "Move it away: \(GitRepository.moving(copy)) and make it again from the checkout: "
                    + "\(Advice.resume(plan.environment.name)) --commit \(commit ?? "COMMIT")", kind: .refused)
        }
        return try Project(
            plan.environment.name, copy: copy, source: plan.source, places: places, checkout: plan.source.checkout,
            claim: nil)
    }

    private init(
        _ name: String, copy: String, source: PinnedSource, places: Places, checkout: String?, claim: ProjectClaim?
    ) throws {
        folder = try ProjectFolder(root: copy)
        environment = try folder.environment(name)
        runbook = try folder.runbook(environment.runbook)
        try validateRunbook(runbook, with: environment)
        self.source = source
        self.places = places
        self.claim = claim
        settings = SettingResolver(environmentFolder: folder.environmentFolder(name), rzHome: places.home)
        Redaction.cover(settings)
        try settings.remember(referencesOf: environment)
        try settings.remember(referencesOf: runbook)
        let registered = try Drivers.registered(
            for: environment, folder: folder.environmentFolder(name), state: places.state(of: name), settings: settings,
            checkout: checkout)
        var drivers = Interposition.around(registered)
        let kept = KeptServicesFolder(name, places)
        drivers.keptServices = { color throws(Failure) in
            [try kept.read(color, asLeft: true), try kept.read(color)].compactMap(\.self)
        }
        self.drivers = drivers
    }

    /// Takes away what an rz that was killed left of secrets. Whoever calls it holds the environment's lock.
    func sweep() throws(Failure) {
        try Leftovers.sweep(places.state(of: environment.name), masking: settings.secrets)
    }

    /// The sandbox may be moved from anywhere: it knows the checkout that it was built from.
    static func projectFolder(for name: String, root: String?, _ places: Places) throws -> ProjectFolder {
        do {
            let folder = try ProjectFolder(root: root)
            try refuseForeign(folder, name)
            return folder
        } catch let error where error.kind != .refused {
            guard name == "sandbox", root == nil, let checkout = try SandboxCheckout.root(in: places.home) else {
                throw error
            }
            return try ProjectFolder(root: checkout)
        }
    }

    /// rz runs what a project says: by Terraform, by Ansible, by steps. So no one else may have written it.
    private static func refuseForeign(_ folder: ProjectFolder, _ name: String) throws(Failure) {
        do throws(FileProblem) {
            for part in [folder.root, folder.environmentFolder(name), folder.root + "/runbooks"] {
                try TrustedFolder.requireOwn(part)
            }
        } catch {
            throw Failure(
                "The project's folder can't be trusted", at: folder.root, details: [error.description],
                advice: error.advice ?? "Run rz as its owner, or from a clone of your own.", kind: .refused)
        }
    }

    /// Whether a file that Git lists, relative to the top of the checkout, is a saved plan: not if a run would read it.
    private static func isPlan(_ changed: String, _ planFile: String, in root: String) -> Bool {
        let plan = URL(filePath: planFile).standardizedFileURL.path
        guard plan.hasSuffix("/" + changed) else { return false }
        let top = String(plan.dropLast(changed.count + 1))
        guard root == top || root.hasPrefix(top + "/") else { return false }
        return !["environments", "runbooks"].contains { plan.hasPrefix("\(root)/\($0)/") }
    }

    /// The commit, or for a tree with changes one that is new each time: what changed can change again.
    private static func copyName(_ source: PinnedSource) -> String {
        if let commit = source.commit, source.changed.isEmpty { return commit }
        return "changed-\(SystemClock().now.milliseconds)"
    }
}

extension Project {
    /// Refuses where something is left to fill in: what stands there leads to no one, or to someone else.
    func refuseUnlessFilledIn() throws(Failure) {
        let places = FileChecks(folder: folder, environment: environment, runbook: runbook, runsProject: false)
            .fillIns()
        guard places.isEmpty else {
            throw Failure(
                "Not everything is filled in", details: places.map(\.description),
                advice: "Write what belongs there, then remove each mark `# FILL IN: …`.")
        }
    }
}
