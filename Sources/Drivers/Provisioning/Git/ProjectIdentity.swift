import Migration

/// What distinguishes one project from another, as names of environments don't: where it lies, where it comes from, and how its
/// history began.
public struct ProjectIdentity: Codable, Sendable, Hashable {
    /// The folder that holds `environments/`, without symbolic links.
    public var folder: String
    /// That folder in its repository; empty at the top, or outside a repository.
    public var prefix: String
    /// The URL of the remote `origin`, without a user.
    public var origin: String?
    /// The first commit; nil in a shallow clone, which does not have it.
    public var firstCommit: String?

    /// A checkout that was moved, cloned again or given another remote is the same project.
    public func isSame(as other: ProjectIdentity) -> Bool {
        if folder == other.folder { return true }
        guard prefix == other.prefix else { return false }
        return origin != nil && origin == other.origin || firstCommit != nil && firstCommit == other.firstCommit
    }
}

extension GitRepository {
    public func observeIdentity() async throws(Failure) -> ProjectIdentity {
        func answer(_ question: [String]) async throws(Failure) -> String? {
            let (output, _, end) = try await git.run(question)
            let line = output.prefix { $0 != "\n" }
            return end.isSuccess && !line.isEmpty ? String(line) : nil
        }
        let origin = try await answer(["config", "--get", "remote.origin.url"])
        let isShallow = try await answer(["rev-parse", "--is-shallow-repository"]) != "false"
        return ProjectIdentity(
            folder: Files.real(folder) ?? folder, prefix: try await answer(["rev-parse", "--show-prefix"]) ?? "",
            origin: origin.map(GitRepository.withoutUser),
            firstCommit: isShallow ? nil : try await answer(["rev-list", "--max-parents=0", "HEAD"]))
    }

    /// `https://token@host/path` without `token@`. What is no URL (`git@host:path`, a folder) stays.
    static func withoutUser(_ url: String) -> String {
        guard let start = url.firstRange(of: "://")?.upperBound else { return url }
        let host = url[start...].prefix { $0 != "/" }
        guard let at = host.lastIndex(of: "@") else { return url }
        return String(url[..<start] + url[url.index(after: at)...])
    }
}
