import Migration
import Testing

@testable import Provisioning

@Suite("A project")
struct ProjectIdentityTests {
    private let project = ProjectIdentity(folder: "/a", prefix: "", origin: "o", firstCommit: "c")

    @Test(
        "is the same in another folder, by its origin or its first commit",
        arguments: [
            ProjectIdentity(folder: "/a", prefix: "x/", origin: nil, firstCommit: nil),
            ProjectIdentity(folder: "/b", prefix: "", origin: "o", firstCommit: nil),
            ProjectIdentity(folder: "/b", prefix: "", origin: "p", firstCommit: "c"),
        ])
    func same(_ other: ProjectIdentity) { #expect(project.isSame(as: other) && other.isSame(as: project)) }

    @Test(
        "is another one elsewhere, in another folder of one repository too",
        arguments: [
            ProjectIdentity(folder: "/b", prefix: "", origin: nil, firstCommit: nil),
            ProjectIdentity(folder: "/b", prefix: "", origin: "p", firstCommit: "d"),
            ProjectIdentity(folder: "/b", prefix: "x/", origin: "o", firstCommit: "c"),
        ])
    func other(_ other: ProjectIdentity) { #expect(!project.isSame(as: other) && !other.isSame(as: project)) }

    @Test("without a repository is known by its folder only")
    func plain() async throws {
        try await withFolder { folder in
            try folder.write("a/file", "")
            let identity = try await GitRepository(folder: folder["a"]).observeIdentity()
            #expect(identity == ProjectIdentity(folder: folder["a"], prefix: "", origin: nil, firstCommit: nil))
        }
    }

    @Test(
        "has an origin without the user of its URL",
        arguments: [
            ("https://user:token@host/x@y", "https://host/x@y"), ("https://host/x", "https://host/x"),
            ("git@host:x", "git@host:x"), ("/srv/git", "/srv/git"),
        ])
    func origin(_ url: String, _ shown: String) { #expect(GitRepository.withoutUser(url) == shown) }
}
