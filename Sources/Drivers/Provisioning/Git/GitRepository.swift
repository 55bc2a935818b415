import Migration
import SafeFiles

/// The folder that holds `environments/` and `runbooks/`, usually a Git checkout.
public struct GitRepository: Sendable {
    let folder: String
    let git: Git
    private let inherited: [String: String]

    /// - Parameters:
    ///   - folder: holds `environments/` and `runbooks/`; the root of the checkout or a folder in it.
    ///   - binary: path or name of git.
    public init(
        folder: String, binary: String = "git", inherited: [String: String] = InheritedEnvironment().variables
    ) {
        self.folder = folder
        self.inherited = inherited
        git = Git(binary: binary, folder: folder, inherited: inherited)
    }

    /// The commit that is checked out, whether it is signed, and every file that differs from it: changed, untracked,
    /// and those that Git is configured not to look at.
    public func observeSource() async throws(Failure) -> PinnedSource {
        guard try await isRepository() else { return PinnedSource(commit: nil) }
        let commit = try await git.require(
            ["rev-parse", "--verify", "HEAD^{commit}"], "The repository has no commit yet",
            advice: "A run is of a commit: git add . && git commit"
        ).filter { !$0.isWhitespace }
        let changed = try await changedFiles() + hiddenFiles(git)
        return PinnedSource(
            commit: commit, changed: Array(Set(changed)).sorted(), isSigned: try await isSigned(commit))
    }

    /// A commit by whatever Git takes for one, and whether it is signed.
    ///
    /// - Throws: `Failure` when this is no repository, or has no such commit.
    public func observeCommit(_ revision: String) async throws(Failure) -> PinnedSource {
        let commit = try await git.require(
            ["rev-parse", "--verify", "--end-of-options", revision + "^{commit}"],
            "The repository has no commit \(revision)"
        ).filter { !$0.isWhitespace }
        return PinnedSource(commit: commit, isSigned: try await isSigned(commit))
    }

    /// Copies parts of the source as it is pinned, so that later edits can't reach a run.
    ///
    /// With files that differ the working tree is copied, else the commit, as the object store has it. A copy that is
    /// there already stays as it is: a resumed run goes on with the copy that it began with. One of a commit must be what
    /// the commit holds.
    ///
    /// - Parameters:
    ///   - paths: what to copy, relative to the repository's folder; those that don't exist are left out.
    ///   - target: the folder of the copy.
    /// - Returns: the digest of the copy.
    /// - Throws: `Failure` also for a link that leads out of the copy, and (kind `.refused`) for a copy of the commit that
    ///   was changed.
    @discardableResult
    public func checkOut(
        _ source: PinnedSource, paths: [String], into target: String
    ) async throws(Failure) -> String {
        let commit = source.changed.isEmpty ? source.commit : nil
        if commit == nil, Files.exists(target) { return try TreeDigest.of(target) }
        // Another rz may copy the same commit just now: each has a draft of its own, and the first one stays.
        let draft = Files.draft(of: target)
        try Files.makeFolder(draft)
        defer { Files.removeFolder(draft) }
        if let commit { try await copyCommit(commit, paths, draft) } else { try await copyTree(source, paths, draft) }
        try Links.refuseLeading(outOf: draft, in: draft)
        let digest = try TreeDigest.of(draft)
        if !Files.exists(target) {
            // A run that the journal holds must find its copy again, also after a power cut.
            try Files.sync(draft)
            do throws(Failure) {
                try Files.rename(draft, to: target)
            } catch {
                guard Files.isFolder(target) else { throw error }
            }
            try Files.syncOne(target + "/..")
        }
        let found = commit == nil ? digest : try TreeDigest.of(target)
        guard found == digest else {
            throw Failure(
                "The copy of commit \(commit?.prefix(12) ?? "") was changed", at: target,
                details: ["a run works from what the commit holds, and nothing else"],
                advice: "Move it away, then try again: \(GitRepository.moving(target))", kind: .refused)
        }
        return digest
    }

    /// The command that moves a copy away.
    public static func moving(_ copy: String) -> String {
        "mv \(FileProblem.quoted(copy)) \(FileProblem.quoted(copy + ".changed"))"
    }

    /// The commit that is checked out; none outside a repository, or before its first commit.
    public func observeCommitIfThere() async throws(Failure) -> PinnedSource {
        guard try await isRepository() else { return PinnedSource(commit: nil) }
        let (output, _, end) = try await git.run(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])
        return PinnedSource(commit: end.isSuccess ? output.filter { !$0.isWhitespace } : nil)
    }

    /// Submodules of the commit, below these paths, that the checkout does not have; by path.
    public func observeMissingSubmodules(_ source: PinnedSource, paths: [String]) async throws(Failure) -> [String] {
        guard let commit = source.commit else { return [] }
        return try await Submodules(git).find(commit, paths).missing
    }

    // MARK: - Looking

    private func isRepository() async throws(Failure) -> Bool {
        let (output, errors, end) = try await git.run(["rev-parse", "--is-inside-work-tree"])
        if end.isSuccess { return output.hasPrefix("true") }
        if errors.contains(where: { $0.contains("not a git repository") }) { return false }
        throw git.failure("Git can't read this repository", errors)
    }

    private func changedFiles() async throws(Failure) -> [String] {
        let output = try await git.require(
            ["status", "--porcelain=v1", "-z", "--untracked-files=all", "--ignore-submodules=none"],
            "Git can't compare the files with the commit")
        var names: [String] = []
        var entries = output.split(separator: "\0")[...]
        while let entry = entries.popFirst() {
            names.append(String(entry.dropFirst(3)))
            // A renamed file is followed by its old name.
            if entry.prefix(2).contains(where: { $0 == "R" || $0 == "C" }), let old = entries.popFirst() {
                names.append(String(old))
            }
        }
        return names
    }

    /// Files marked assume-unchanged (a lower-case tag) or skip-worktree (`S`), in submodules too: `git status` would
    /// say nothing of them.
    private func hiddenFiles(_ git: Git) async throws(Failure) -> [String] {
        var hidden = try await git.require(["ls-files", "-v", "-z", "--full-name", ":/"], "Git can't list its files")
            .split(separator: "\0").filter { $0.first?.isLowercase == true || $0.first == "S" || $0.first == "s" }
            .map { String($0.dropFirst(2)) }
        let root = try await git.require(["rev-parse", "--show-toplevel"], "Git can't name the checkout's root")
            .filter { $0 != "\n" }
        let staged = try await git.require(["ls-files", "-s", "-z", "--full-name", ":/"], "Git can't list its files")
        for path in Submodules.links(staged).map(\.path) where Files.isThere("\(root)/\(path)/.git") {
            let module = Git(binary: git.binary, folder: "\(root)/\(path)", inherited: inherited)
            hidden += try await hiddenFiles(module).map { "\(path)/\($0)" }
        }
        return hidden
    }

    private func isSigned(_ commit: String) async throws(Failure) -> Bool {
        try await CommitSignature(git: git).isGood(of: commit)
    }

    // MARK: - Copying

    private func copyCommit(_ commit: String, _ paths: [String], _ draft: String) async throws(Failure) {
        let hasFiles = try await CommitFiles(git: git).write(commit, paths, into: draft)
        let modules = try await requireSubmodules(commit, paths)
        guard hasFiles || !modules.isEmpty else { throw nothing(paths) }
        for module in modules {
            let place = draft + "/" + module.path
            try Files.makeFolder(place)
            _ = try await CommitFiles(git: module.git).write(module.commit, module.paths, into: place)
        }
    }

    private func requireSubmodules(_ commit: String, _ paths: [String]) async throws(Failure) -> [Submodules.Module] {
        let (modules, missing) = try await Submodules(git).find(commit, paths)
        guard missing.isEmpty else { throw Submodules.notThere(missing, at: folder) }
        return modules
    }

    private func copyTree(_ source: PinnedSource, _ paths: [String], _ draft: String) async throws(Failure) {
        let archive = draft + ".tar"
        let list = archive + ".list"
        defer { for file in [archive, list] { Files.remove(file) } }
        let there = paths.filter { Files.exists(folder + "/" + $0) }
        guard !there.isEmpty else { throw nothing(paths) }
        if source.commit == nil {
            try await tar(["-c", "-f", archive, "-C", folder, "--"] + there)
        } else {
            let files = try await treeFiles(git, there)
            try Files.write(Array(Set(files)).sorted().map { $0 + "\0" }.joined(), to: list)
            try await tar([
                "-c", "-f", archive, "-C", folder, "--no-recursion", "--null", "--verbatim-files-from", "-T", list,
            ])
        }
        // With the modes that the files have, whatever the umask.
        try await tar(["-x", "-p", "-f", archive, "-C", draft, "--no-same-owner"])
    }

    /// Every file as it stands that Git does not ignore, those of submodules too.
    private func treeFiles(_ git: Git, _ paths: [String]) async throws(Failure) -> [String] {
        var files: [String] = []
        let listed = try await git.require(
            ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"] + paths, "Git can't list its files"
        ).split(separator: "\0").map(String.init).filter { Files.isThere(git.folder + "/" + $0) }
        for file in Set(listed) {
            let place = git.folder + "/" + file
            guard Files.isFolder(place), Files.linkTarget(place) == nil else {
                files.append(file)
                continue
            }
            // A repository in this one.
            guard Files.isThere(place + "/.git") else { throw Submodules.notThere([file], at: git.folder) }
            let inner = Git(binary: git.binary, folder: place, inherited: inherited)
            files += try await treeFiles(inner, ["."]).map { file + (file.hasSuffix("/") ? "" : "/") + $0 }
        }
        return files
    }

    private func tar(_ arguments: [String]) async throws(Failure) {
        let output = try OutputFile()
        let command = Command("tar", arguments, environment: inherited, folder: folder)
        let end = try await ChildProcess(command).run(output: output)
        try end.refuseStopped(command)
        guard end.isSuccess else {
            throw Failure("The environment can't be copied", at: folder, details: output.lastLines())
        }
    }

    private func nothing(_ paths: [String]) -> Failure {
        Failure("Nothing to run: none of \(paths.joined(separator: ", ")) is there", at: folder)
    }
}
