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
            inherited: InheritedEnvironment().variables.merging([
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

    @Test("names files that Git was set not to look at", arguments: ["--assume-unchanged", "--skip-worktree"])
    func hidden(_ option: String) async throws {
        try await withFolder { folder in
            let checkout = try await Checkout(folder)
            try await checkout.run("update-index", option, "environments/shop/environment.yaml")
            try folder.write("checkout/environments/shop/environment.yaml", "name: hidden\n")
            let source = try await checkout.repository.observeSource()
            #expect(source.changed == ["environments/shop/environment.yaml"])
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
            #expect(Files.names(in: folder.path) == ["checkout", "copy"])

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
            #expect(Files.names(in: folder.path) == ["checkout", "copy"])
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
            let git = Git(binary: "git", folder: folder["empty"], inherited: InheritedEnvironment().variables)
            _ = try await git.require(["init", "--quiet"], "init")
            let failure = try await failure { _ = try await GitRepository(folder: folder["empty"]).observeSource() }
            #expect(failure.summary == "The repository has no commit yet")
            #expect(failure.advice == "A run is of a commit: git add . && git commit")
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

    @Test("holds what the commit holds, whatever attributes, filters and settings the checkout has")
    func attributes() async throws {
        try await withFolder { folder in
            let checkout = try await Checkout(folder)
            let file = "environments/shop/environment.yaml"
            try folder.write("checkout/environments/shop/lines.txt", "one\ntwo $Format:%h$\n")
            try folder.write(
                "checkout/environments/shop/.gitattributes", "lines.txt text eol=crlf export-subst\n")
            try await checkout.commit()
            try await checkout.run("config", "filter.other.smudge", "sed s/shop/other/")
            try await checkout.run("config", "filter.other.clean", "sed s/other/shop/")
            try folder.write("checkout/.git/info/attributes", "environment.yaml filter=other\nrun* export-ignore\n")
            let source = try await checkout.repository.observeSource()
            #expect(source.changed == [])
            try await checkout.repository.checkOut(source, paths: Checkout.paths, into: folder["copy"])
            let copy = Folder(path: folder["copy"])
            #expect(copy.text(file) == "name: shop\n")
            #expect(copy.text("environments/shop/lines.txt") == "one\ntwo $Format:%h$\n")
            #expect(copy.exists("environments/shop/run me.sh") && copy.exists("runbooks/rz-update.yaml"))
        }
    }

    @Test("of a commit is refused once it was changed, and made again after the command in the advice")
    func changed() async throws {
        try await withFolder { folder in
            let checkout = try await Checkout(folder)
            let source = try await checkout.repository.observeSource()
            let digest = try await checkout.repository.checkOut(source, paths: Checkout.paths, into: folder["copy"])
            try folder.write("copy/environments/shop/environment.yaml", "name: later\n")
            let failure = try await failure {
                try await checkout.repository.checkOut(source, paths: Checkout.paths, into: folder["copy"])
            }
            #expect(failure.summary == "The copy of commit \(source.commit?.prefix(12) ?? "") was changed")
            #expect(failure.kind == .refused)
            let advice = try #require(failure.advice?.firstMatch(of: /again: (.*)/)).output.1
            let shell = Command(
                "/bin/sh", ["-c", String(advice)], environment: InheritedEnvironment().variables, folder: folder.path)
            #expect(try await ChildProcess(shell).run(output: try OutputFile()).isSuccess)
            let again = try await checkout.repository.checkOut(source, paths: Checkout.paths, into: folder["copy"])
            #expect(again == digest)
            #expect(folder.text("copy/environments/shop/environment.yaml") == "name: shop\n")
        }
    }

    @Test("has no symbolic link that leads out of it", arguments: ["../../../secrets", "/etc", "../../../../x"])
    func links(_ target: String) async throws {
        try await withFolder { folder in
            let checkout = try await Checkout(folder)
            try Files.link(folder["checkout/environments/shop/inside"], to: "../../runbooks")
            try await checkout.commit()
            let inside = try await checkout.repository.observeSource()
            try await checkout.repository.checkOut(inside, paths: Checkout.paths, into: folder["inside"])
            #expect(folder.text("inside/environments/shop/inside/rz-update.yaml") == "phases: {}\n")

            try Files.link(folder["checkout/environments/shop/far"], to: target)
            for isCommitted in [false, true] {
                if isCommitted { try await checkout.commit() }
                let source = try await checkout.repository.observeSource()
                #expect(source.changed.isEmpty == isCommitted)
                let failure = try await failure {
                    try await checkout.repository.checkOut(source, paths: Checkout.paths, into: folder["far"])
                }
                #expect(failure.summary == "A symbolic link leads out of the copy that a run works from")
                #expect(failure.place == "environments/shop/far")
                #expect(!folder.exists("far"))
            }
        }
    }

    @Test("has a digest that distinguishes contents, modes, names, links and new files")
    func digests() async throws {
        try await withFolder { folder in
            func digest(_ change: () throws -> Void) throws -> String {
                try folder.write("tree/a/file", "text")
                try change()
                defer { Files.removeFolder(folder["tree"]) }
                return try TreeDigest.of(folder["tree"])
            }
            let digests = [
                try digest {}, try digest { try folder.write("tree/a/file", "other") },
                try digest { chmod(folder["tree/a/file"], 0o755) }, try digest { try folder.write("tree/a/new", "") },
                try digest { try Files.link(folder["tree/link"], to: "a") },
                try digest { try Files.link(folder["tree/link"], to: "a/file") },
                try digest { try Files.makeFolder(folder["tree/b"]) },
                try digest { try FileManager.default.moveItem(atPath: folder["tree/a"], toPath: folder["tree/b"]) },
            ]
            #expect(Set(digests).count == digests.count)
            #expect(try digest {} == digests[0])
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
