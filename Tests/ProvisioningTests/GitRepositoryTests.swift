import Foundation
import Migration
import Testing

@testable import Provisioning

/// A checkout with one environment, one runbook and one file that no run needs.
private struct Checkout {
    let folder: Folder
    let git: Git

    init(_ folder: Folder) async throws {
        self.folder = folder
        git = Git(
            binary: "git", folder: folder["checkout"],
            inherited: InheritedEnvironment.variables.merging([
                "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b",
                "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b",
            ]) { $1 })
        try folder.write("checkout/environments/shop/environment.yaml", "name: shop\n")
        try folder.write("checkout/environments/other/environment.yaml", "name: other\n")
        try folder.write("checkout/environments/shop/run me.sh", "#!/bin/sh\n", executable: true)
        try folder.write("checkout/runbooks/rz-update.yaml", "phases: {}\n")
        try folder.write("checkout/README.md", "not needed\n")
        try folder.write("checkout/.gitignore", "*.log\n")
        try await run("init", "--quiet")
        try await commit()
    }

    func commit(_ options: String...) async throws {
        try await run("add", "--all")
        _ = try await git.require(["commit", "--quiet", "--message=x"] + options, "commit")
    }

    @discardableResult
    func run(_ arguments: String...) async throws -> String { try await git.require(arguments, "git") }

    var repository: GitRepository {
        GitRepository(folder: folder["checkout"], inherited: git.inherited)
    }

    static let paths = ["environments/shop", "runbooks", "no-such-folder"]
}

@Suite("The pinned source")
struct GitRepositoryTests {
    @Test("of a clean checkout is its commit")
    func clean() async throws {
        try await withFolder { folder in
            let checkout = try await Checkout(folder)
            let source = try await checkout.repository.observeSource()
            let head = try await checkout.run("rev-parse", "HEAD")
            #expect(source.commit == head.filter { !$0.isNewline })
            #expect(source.changed.isEmpty && !source.isSigned)
        }
    }

    @Test("names changed, untracked, renamed and deleted files, wherever they are")
    func dirty() async throws {
        try await withFolder { folder in
            let checkout = try await Checkout(folder)
            try folder.write("checkout/environments/shop/environment.yaml", "name: changed\n")
            try folder.write("checkout/environments/shop/new/file with space", "")
            try folder.write("checkout/ignored.log", "")
            try await checkout.run("mv", "README.md", "READ.md")
            Files.remove(folder["checkout/runbooks/rz-update.yaml"])
            let source = try await checkout.repository.observeSource()
            #expect(
                source.changed == [
                    "READ.md", "README.md", "environments/shop/environment.yaml",
                    "environments/shop/new/file with space", "runbooks/rz-update.yaml",
                ])
        }
    }

    @Test("names files that Git was told not to look at", arguments: ["--assume-unchanged", "--skip-worktree"])
    func hidden(_ option: String) async throws {
        try await withFolder { folder in
            let checkout = try await Checkout(folder)
            try await checkout.run("update-index", option, "environments/shop/environment.yaml")
            try folder.write("checkout/environments/shop/environment.yaml", "name: hidden\n")
            let source = try await checkout.repository.observeSource()
            #expect(source.changed == ["environments/shop/environment.yaml"])
        }
    }

    @Test("is signed only by a key that is known from outside the repository")
    func signed() async throws {
        guard let keygen = program("ssh-keygen") else { return }
        try await withFolder { folder in
            let checkout = try await Checkout(folder)
            let command = Command(
                keygen, ["-q", "-t", "ed25519", "-N", "", "-C", "a@b", "-f", folder["key"]],
                environment: InheritedEnvironment.variables, folder: folder.path)
            #expect(try await ChildProcess(command).run(output: try OutputFile()).isSuccess)
            try await checkout.run("config", "gpg.format", "ssh")
            try await checkout.run("config", "user.signingkey", folder["key"])
            try await checkout.commit("--allow-empty", "--gpg-sign")
            #expect(try await !checkout.repository.observeSource().isSigned)

            let key = try #require(folder.text("key.pub"))
            try folder.write("signers", "a@b \(key)")
            try await checkout.run("config", "gpg.ssh.allowedSignersFile", folder["signers"])
            #expect(try await checkout.repository.observeSource().isSigned)

            try folder.write("checkout/signers", "a@b \(key)")
            try await checkout.commit("--gpg-sign")
            try await checkout.run("config", "gpg.ssh.allowedSignersFile", folder["checkout/signers"])
            #expect(try await !checkout.repository.observeSource().isSigned)
        }
    }

    @Test("is copied as committed, only what a run needs, and later edits don't reach the copy")
    func copyOfCommit() async throws {
        try await withFolder { folder in
            let checkout = try await Checkout(folder)
            let source = try await checkout.repository.observeSource()
            try folder.write("checkout/environments/shop/environment.yaml", "name: later\n")
            try await checkout.repository.checkOut(source, paths: Checkout.paths, into: folder["copy"])
            let copy = Folder(path: folder["copy"])
            #expect(copy.text("environments/shop/environment.yaml") == "name: shop\n")
            #expect(FileManager.default.isExecutableFile(atPath: copy["environments/shop/run me.sh"]))
            #expect(copy.exists("runbooks/rz-update.yaml"))
            #expect(!copy.exists("README.md") && !copy.exists("environments/other"))
            #expect(!folder.exists("copy.tar") && !folder.exists("copy.new"))

            try await checkout.repository.checkOut(source, paths: Checkout.paths, into: folder["copy"])
            #expect(copy.text("environments/shop/environment.yaml") == "name: shop\n")
        }
    }

    @Test("with changed files is copied as it stands, without what Git ignores")
    func copyOfTree() async throws {
        try await withFolder { folder in
            let checkout = try await Checkout(folder)
            try folder.write("checkout/environments/shop/environment.yaml", "name: changed\n")
            try folder.write("checkout/environments/shop/untracked", "u")
            try folder.write("checkout/environments/shop/debug.log", "ignored")
            Files.remove(folder["checkout/environments/shop/run me.sh"])
            let source = try await checkout.repository.observeSource()
            try await checkout.repository.checkOut(source, paths: Checkout.paths, into: folder["copy"])
            let copy = Folder(path: folder["copy"])
            #expect(copy.text("environments/shop/environment.yaml") == "name: changed\n")
            #expect(copy.text("environments/shop/untracked") == "u")
            #expect(!copy.exists("environments/shop/debug.log") && !copy.exists("environments/shop/run me.sh"))
            #expect(!folder.exists("copy.tar.list"))
        }
    }

    @Test("outside a repository has no commit, and is copied as it stands")
    func noRepository() async throws {
        try await withFolder { folder in
            try folder.write("plain/environments/shop/environment.yaml", "name: plain\n")
            let repository = GitRepository(folder: folder["plain"])
            let source = try await repository.observeSource()
            #expect(source == PinnedSource(commit: nil))
            try await repository.checkOut(source, paths: Checkout.paths, into: folder["copy"])
            #expect(folder.text("copy/environments/shop/environment.yaml") == "name: plain\n")
        }
    }

    @Test("in a folder of the repository is copied relative to that folder")
    func subfolder() async throws {
        try await withFolder { folder in
            let checkout = try await Checkout(folder)
            let repository = GitRepository(folder: folder["checkout/environments"], inherited: checkout.git.inherited)
            let source = try await repository.observeSource()
            try await repository.checkOut(source, paths: ["shop"], into: folder["copy"])
            #expect(folder.text("copy/shop/environment.yaml") == "name: shop\n")
        }
    }

    @Test("of a repository without a commit is refused")
    func noCommit() async throws {
        try await withFolder { folder in
            try folder.write("empty/file", "")
            let git = Git(binary: "git", folder: folder["empty"], inherited: InheritedEnvironment.variables)
            _ = try await git.require(["init", "--quiet"], "init")
            let failure = try await failure { _ = try await GitRepository(folder: folder["empty"]).observeSource() }
            #expect(failure.summary == "The repository has no commit yet")
        }
    }

    @Test("of another user's repository: Git's refusal, with what to do")
    func dubiousOwnership() async throws {
        let git = Git(binary: "git", folder: "/r", inherited: [:])
        let failure = git.failure("x", ["fatal: detected dubious ownership in repository at '/r'"])
        #expect(failure.kind == .refused && failure.advice?.contains("safe.directory /r") == true)
    }
}

@Suite("The copy that a run works from")
struct PinnedCopyTests {
    @Test("is made once, though many rz begin at the same moment on a new commit")
    func together() async throws {
        try await withFolder { folder in
            let checkout = try await Checkout(folder)
            let source = try await checkout.repository.observeSource()
            let target = folder["home/source/copy"]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        try await checkout.repository.checkOut(source, paths: Checkout.paths, into: target)
                        // Whoever is told that the copy is there finds it whole.
                        #expect(Files.textIfThere(target + "/environments/shop/environment.yaml") == "name: shop\n")
                        #expect(Files.textIfThere(target + "/runbooks/rz-update.yaml") == "phases: {}\n")
                    }
                }
                try await group.waitForAll()
            }
            #expect(Files.names(in: folder["home/source"]) == ["copy"])
        }
    }

    @Test("stays as it is, though the tree that it was made of goes on changing")
    func staysAsItIs() async throws {
        try await withFolder { folder in
            let checkout = try await Checkout(folder)
            let file = "environments/shop/environment.yaml"
            try folder.write("checkout/\(file)", "name: first\n")
            let source = try await checkout.repository.observeSource()
            try await checkout.repository.checkOut(source, paths: Checkout.paths, into: folder["copy"])
            try folder.write("checkout/\(file)", "name: second\n")
            try await checkout.repository.checkOut(source, paths: Checkout.paths, into: folder["copy"])
            #expect(folder.text("copy/\(file)") == "name: first\n")
        }
    }
}

@Suite("A file of rz's")
struct FilesTests {
    @Test("is written by many at once: all succeed, one text stays whole, only its owner may read it")
    func together() async throws {
        try await withFolder { folder in
            let texts = (0..<40).map { String(repeating: "\($0) ", count: 1000) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for text in texts { group.addTask { try Files.write(text, to: folder["file"]) } }
                try await group.waitForAll()
            }
            #expect(texts.contains(try #require(folder.text("file"))))
            #expect(folder.files == ["file"])
            let attributes = try FileManager.default.attributesOfItem(atPath: folder["file"])
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test("is not written where its name is a symbolic link: what that leads to stays as it is")
    func link() async throws {
        try await withFolder { folder in
            try folder.write("other", "other")
            try Files.link(folder["step.log"], to: folder["other"])
            let failure = try await failure { _ = try OutputFile(path: folder["step.log"]) }
            #expect(failure.details == ["Too many levels of symbolic links"])
            #expect(folder.text("other") == "other")
        }
    }
}
