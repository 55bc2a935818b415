import Migration

/// Whether a commit is signed, judged by the user's and the system's Git configuration alone.
///
/// A checkout's own configuration may name the program that verifies and the keys that count, and is written by
/// whoever made the checkout. So Git is asked in an empty repository, which borrows the checkout's objects and nothing
/// else. Source: gitrepository-layout(5), `objects/info/alternates`.
struct CommitSignature {
    let git: Git

    /// Good signature by a key that this user's configuration knows. A list of keys that lies in the checkout proves
    /// nothing.
    func isGood(of commit: String) async throws(Failure) -> Bool {
        let folder = try Files.makeTemporaryFolder()
        defer { Files.removeFolder(folder) }
        let own = try await emptyRepository(in: folder)
        guard try await own.run(["verify-commit", commit]).end.isSuccess else { return false }
        let keys = try await own.run(["config", "--type=path", "gpg.ssh.allowedSignersFile"])
        guard keys.end.isSuccess else { return true }
        let file = keys.output.filter { $0 != "\n" }
        let root = try await answer(["rev-parse", "--show-toplevel"])
        return file.hasPrefix("/") && ![file, Files.real(file) ?? file].contains { $0.hasPrefix(root + "/") }
    }

    private func emptyRepository(in folder: String) async throws(Failure) -> Git {
        let format = try await answer(["rev-parse", "--show-object-format"])
        let objects = try await answer(["rev-parse", "--git-path", "objects"])
        let own = Git(
            binary: git.binary, folder: folder, inherited: git.inherited, repository: folder + "/git",
            readsSystemConfiguration: true)
        _ = try await own.require(
            ["init", "--quiet", "--template=", "--object-format=\(format)"], "Git can't make an empty repository")
        try Files.makeFolder(folder + "/git/objects/info")
        let place = objects.hasPrefix("/") ? objects : "\(git.folder)/\(objects)"
        try Files.write(place + "\n", to: folder + "/git/objects/info/alternates")
        return own
    }

    private func answer(_ question: [String]) async throws(Failure) -> String {
        try await git.require(question, "Git can't describe the repository").filter { $0 != "\n" }
    }
}
