import Foundation
import Migration
import Testing

@testable import Provisioning

/// A checkout, a user with keys and a Git configuration of their own, and a stranger with other keys.
private struct Signers {
    let folder: Folder
    let git: Git
    /// Short: gpg's agent has a socket in it, whose path has at most 107 bytes.
    let home: String

    init(_ folder: Folder, home: String) async throws {
        self.folder = folder
        self.home = home
        git = Git(
            binary: "git", folder: folder["checkout"],
            inherited: InheritedEnvironment().variables.merging([
                "HOME": home, "GNUPGHOME": home + "/user", "GIT_CONFIG_GLOBAL": folder["gitconfig"],
                "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b",
                "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b",
            ]) { $1 })
        try folder.write("gitconfig", "")
        try folder.write("checkout/environments/shop/environment.yaml", "name: shop\n")
        _ = try await git.require(["init", "--quiet"], "init")
        _ = try await git.require(["add", "--all"], "add")
    }

    /// Sets a key of the user's configuration.
    func user(_ key: String, _ value: String) async throws {
        _ = try await git.require(["config", "--global", key, value], "config")
    }

    /// Sets a key of the checkout's configuration.
    func local(_ key: String, _ value: String) async throws {
        _ = try await git.require(["config", "--local", key, value], "config")
    }

    func commit(_ options: String...) async throws {
        _ = try await git.require(["commit", "--quiet", "--allow-empty", "--message=x"] + options, "commit")
    }

    var isSigned: Bool {
        get async throws {
            try await GitRepository(folder: folder["checkout"], inherited: git.inherited).observeSource().isSigned
        }
    }

    func run(_ program: String, _ arguments: [String]) async throws {
        let output = try OutputFile()
        let command = Command(program, arguments, environment: git.inherited, folder: folder.path)
        let end = try await ChildProcess(command).run(output: output)
        try #require(end.isSuccess, "\(program): \(output.text())")
    }

    /// Commits, signed by a new SSH key that the user has set.
    ///
    /// - Returns: the key, and its line in a file of allowed signers.
    func commitSignedBySSH() async throws -> (path: String, line: String) {
        let key = try await makeSSHKey("key")
        try await user("gpg.format", "ssh")
        try await user("user.signingkey", key.path)
        try await commit("--gpg-sign")
        return key
    }

    /// A new SSH key, and its line in a file of allowed signers.
    func makeSSHKey(_ name: String) async throws -> (path: String, line: String) {
        try await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "a@b", "-f", folder[name]])
        return (folder[name], "a@b \(try #require(folder.text(name + ".pub")))")
    }

    /// A new OpenPGP key in a folder of keys.
    func makeGPGKey(_ name: String) async throws {
        try FileManager.default.createDirectory(
            atPath: "\(home)/\(name)", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try await run(
            "gpg",
            ["--homedir", "\(home)/\(name)", "--batch", "--passphrase", "", "--quick-generate-key", "a@b", "ed25519"])
    }

    func endAgents() async {
        for name in ["user", "stranger"] {
            try? await run("gpgconf", ["--homedir", "\(home)/\(name)", "--kill", "all"])
        }
    }
}

private func withSigners(_ work: (Signers) async throws -> Void) async throws {
    try await withFolder { folder in
        let home = "/tmp/rz-keys-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(
            atPath: home, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(atPath: home) }
        let signers = try await Signers(folder, home: home)
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await work(signers)) } catch { outcome = .failure(error) }
        await signers.endAgents()
        try outcome.get()
    }
}

@Suite("The signature of a commit, judged by the user's own Git configuration")
struct SignatureTests {
    static var hasSSH: Bool { program("ssh-keygen") != nil }
    static var hasGPG: Bool { program("gpg") != nil }

    @Test("is good by an SSH key that the user knows", .enabled(if: hasSSH, "ssh-keygen is not installed"))
    func knownSSH() async throws {
        try await withSigners { signers in
            let key = try await signers.commitSignedBySSH()
            #expect(try await !signers.isSigned)
            try signers.folder.write("signers", key.line)
            try await signers.user("gpg.ssh.allowedSignersFile", signers.folder["signers"])
            #expect(try await signers.isSigned)
            try await signers.commit("--no-gpg-sign")
            #expect(try await !signers.isSigned)
        }
    }

    @Test(
        "is not good by a key that only the checkout knows", .enabled(if: hasSSH, "ssh-keygen is not installed"),
        arguments: ["signers", "checkout/signers", "checkout/.git/signers"])
    func unknownSSH(_ list: String) async throws {
        try await withSigners { signers in
            let key = try await signers.commitSignedBySSH()
            try signers.folder.write(list, key.line)
            try await signers.local("gpg.ssh.allowedSignersFile", signers.folder[list])
            #expect(try await !signers.isSigned)
        }
    }

    @Test(
        "is not good by a list of the user's that lies in the checkout",
        .enabled(if: hasSSH, "ssh-keygen is not installed"))
    func listInCheckout() async throws {
        try await withSigners { signers in
            let key = try await signers.commitSignedBySSH()
            try signers.folder.write("checkout/signers", key.line)
            try await signers.user("gpg.ssh.allowedSignersFile", signers.folder["checkout/signers"])
            #expect(try await !signers.isSigned)
        }
    }

    @Test(
        "is good by an OpenPGP key that the user has, and not by a stranger's, whatever program the checkout names",
        .enabled(if: hasGPG, "gpg is not installed"))
    func openPGP() async throws {
        try await withSigners { signers in
            try await signers.makeGPGKey("user")
            try await signers.makeGPGKey("stranger")
            try await signers.user("user.signingkey", "a@b")
            try await signers.commit("--gpg-sign")
            #expect(try await signers.isSigned)

            let stranger = try signers.folder.write(
                "stranger.sh", "#!/bin/sh\nexec gpg --homedir \(signers.home)/stranger \"$@\"\n", executable: true)
            try await signers.local("gpg.program", stranger)
            try await signers.commit("--gpg-sign")
            #expect(try await !signers.isSigned)
        }
    }

    @Test("comes from no program that the checkout names", .enabled(if: hasSSH, "ssh-keygen is not installed"))
    func namedProgram() async throws {
        try await withSigners { signers in
            let key = try await signers.makeSSHKey("key")
            try await signers.user("gpg.format", "ssh")
            try await signers.user("user.signingkey", key.path)
            try signers.folder.write("signers", key.line)
            try await signers.user("gpg.ssh.allowedSignersFile", signers.folder["signers"])
            try await signers.commit("--gpg-sign")
            let named = try signers.folder.write(
                "named.sh", "#!/bin/sh\necho run >> \(signers.folder["named.log"])\nexit 1\n", executable: true)
            for name in ["gpg.ssh.program", "gpg.program", "core.fsmonitor"] { try await signers.local(name, named) }
            #expect(try await signers.isSigned)
            #expect(!signers.folder.exists("named.log"))
        }
    }
}
