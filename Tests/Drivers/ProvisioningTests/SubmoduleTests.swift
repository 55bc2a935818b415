import Foundation
import Migration
import Testing

@testable import Provisioning

/// A checkout whose playbook is in a submodule, which has a submodule of its own.
private struct ModularCheckout {
    let folder: Folder
    private let inherited: [String: String]

    init(_ folder: Folder) async throws {
        self.folder = folder
        inherited = InheritedEnvironment().variables.merging([
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b",
            "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b", "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "protocol.file.allow", "GIT_CONFIG_VALUE_0": "always",
        ]) { $1 }
        try folder.write("roles/docker/tasks/main.yml", "- debug:\n")
        try await repository("roles")
        try folder.write("stack/site.yaml", "- hosts: all\n")
        try await repository("stack", modules: ["roles": "roles"])
        try folder.write("checkout/environments/shop/environment.yaml", "name: shop\n")
        try folder.write("checkout/runbooks/rz-update.yaml", "phases: {}\n")
        try await repository("checkout", modules: ["environments/shop/ansible": "stack"])
        try await git("checkout", "submodule", "update", "--init", "--recursive", "--quiet")
    }

    private func repository(_ name: String, modules: [String: String] = [:]) async throws {
        try await git(name, "init", "--quiet", "--initial-branch=main")
        for (path, other) in modules {
            try await git(name, "submodule", "--quiet", "add", "--name", "the \(other)", folder[other], path)
        }
        try await commit(name)
    }

    func commit(_ name: String) async throws {
        try await git(name, "add", "--all")
        try await git(name, "commit", "--quiet", "--message=x")
    }

    /// As a person would run it, with all that rz forbids itself.
    func git(_ name: String, _ arguments: String...) async throws {
        let output = try OutputFile()
        let command = Command("git", arguments, environment: inherited, folder: folder[name])
        let end = try await ChildProcess(command).run(output: output)
        try #require(end.isSuccess, "git \(arguments): \(output.text())")
    }

    var repository: GitRepository { GitRepository(folder: folder["checkout"], inherited: inherited) }

    func copy(_ name: String = "copy") async throws -> Folder {
        try await repository.checkOut(try await repository.observeSource(), paths: Self.paths, into: folder[name])
        return Folder(path: folder[name])
    }

    static let paths = ["environments/shop", "runbooks"]
    static let module = "environments/shop/ansible"
}

@Suite("Submodules in the copy that a run works from")
struct SubmoduleTests {
    @Test("are there as the commit records them, those in submodules too, whatever became of their origins")
    func copied() async throws {
        try await withFolder { folder in
            let checkout = try await ModularCheckout(folder)
            // What is not fetched can be gone.
            for name in ["stack", "roles"] { Files.removeFolder(folder[name]) }
            let copy = try await checkout.copy()
            #expect(copy.text("environments/shop/ansible/site.yaml") == "- hosts: all\n")
            #expect(copy.text("environments/shop/ansible/roles/docker/tasks/main.yml") == "- debug:\n")
            #expect(copy.text("environments/shop/environment.yaml") == "name: shop\n")
            #expect(!copy.files.contains { $0.hasSuffix("/.git") })
            #expect(Files.names(in: folder.path) == ["checkout", "copy"])
        }
    }

    @Test("come from the checkout's repository also where the working tree has them no more")
    func deinitialised() async throws {
        try await withFolder { folder in
            let checkout = try await ModularCheckout(folder)
            try await checkout.git("checkout", "submodule", "deinit", "--force", "--all", "--quiet")
            #expect(try await checkout.copy().exists("environments/shop/ansible/roles/docker/tasks/main.yml"))
        }
    }

    @Test("are those of the commit that is asked for, not of the one that is checked out")
    func olderCommit() async throws {
        try await withFolder { folder in
            let checkout = try await ModularCheckout(folder)
            let old = try await checkout.repository.observeSource()
            try folder.write("checkout/environments/shop/ansible/site.yaml", "- hosts: none\n")
            try await checkout.commit("checkout/environments/shop/ansible")
            try await checkout.commit("checkout")
            try await checkout.repository.checkOut(old, paths: ModularCheckout.paths, into: folder["old"])
            #expect(folder.text("old/environments/shop/ansible/site.yaml") == "- hosts: all\n")
            #expect(try await checkout.copy("new").text("environments/shop/ansible/site.yaml") == "- hosts: none\n")
        }
    }

    @Test("may hold the environments themselves")
    func around() async throws {
        try await withFolder { folder in
            let checkout = try await ModularCheckout(folder)
            try folder.write("whole/runbooks/rz-update.yaml", "phases: {}\n")
            try await checkout.git("whole", "init", "--quiet", "--initial-branch=main")
            try await checkout.git("whole", "submodule", "--quiet", "add", folder["checkout"], "company")
            try await checkout.git("whole", "submodule", "update", "--init", "--recursive", "--quiet")
            try await checkout.commit("whole")
            let repository = GitRepository(folder: folder["whole"])
            try await repository.checkOut(
                try await repository.observeSource(), paths: ["company/environments/shop", "runbooks"],
                into: folder["copy"])
            #expect(folder.exists("copy/company/environments/shop/ansible/roles/docker/tasks/main.yml"))
            #expect(folder.exists("copy/runbooks/rz-update.yaml"))
            #expect(!folder.exists("copy/company/runbooks"))
        }
    }

    @Test("that the checkout does not have are named, with the command that fetches them, and nothing is copied")
    func missing() async throws {
        try await withFolder { folder in
            let checkout = try await ModularCheckout(folder)
            for name in ["shallow", "deep"] {
                try await checkout.git(".", "clone", "--quiet", folder["checkout"], name)
            }
            try await checkout.git("deep", "submodule", "update", "--init", "--quiet")
            for (name, path) in [("shallow", ModularCheckout.module), ("deep", ModularCheckout.module + "/roles")] {
                let repository = GitRepository(folder: folder[name])
                let source = try await repository.observeSource()
                #expect(
                    try await repository.observeMissingSubmodules(source, paths: ModularCheckout.paths) == [path])
                let failure = try await failure {
                    try await repository.checkOut(source, paths: ModularCheckout.paths, into: folder["copy"])
                }
                #expect(failure.summary == "A Git submodule is not in the checkout: \(path)")
                #expect(failure.advice == "Run there: git submodule update --init --recursive")
                #expect(!folder.exists("copy"))
                // Those of other environments don't matter.
                #expect(try await repository.observeMissingSubmodules(source, paths: ["runbooks"]) == [])
            }
        }
    }

    @Test("with changes make the checkout dirty, whatever their settings hide")
    func dirty() async throws {
        try await withFolder { folder in
            let checkout = try await ModularCheckout(folder)
            #expect(try await checkout.repository.observeSource().changed == [])
            try await checkout.git("checkout", "config", "submodule.the stack.ignore", "all")
            try folder.write("checkout/environments/shop/ansible/roles/untracked", "")
            #expect(try await checkout.repository.observeSource().changed == [ModularCheckout.module])
            Files.remove(folder["checkout/environments/shop/ansible/roles/untracked"])
            try await checkout.git(
                "checkout/environments/shop/ansible", "update-index", "--assume-unchanged", "site.yaml")
            #expect(try await checkout.repository.observeSource().changed == [ModularCheckout.module + "/site.yaml"])
        }
    }

    @Test("with changes are copied as they stand, where that is allowed")
    func copyOfTree() async throws {
        try await withFolder { folder in
            let checkout = try await ModularCheckout(folder)
            try folder.write("checkout/environments/shop/ansible/site.yaml", "- hosts: changed\n")
            try folder.write("checkout/environments/shop/ansible/roles/new.yml", "new\n")
            let copy = try await checkout.copy()
            #expect(copy.text("environments/shop/ansible/site.yaml") == "- hosts: changed\n")
            #expect(copy.text("environments/shop/ansible/roles/new.yml") == "new\n")
            #expect(copy.exists("environments/shop/ansible/roles/docker/tasks/main.yml"))
            #expect(!copy.files.contains { $0.hasSuffix("/.git") })
        }
    }

    @Test("have no symbolic link that leads out of the copy; those within stay")
    func links() async throws {
        try await withFolder { folder in
            let checkout = try await ModularCheckout(folder)
            let module = folder["checkout/environments/shop/ansible"]
            try Files.link(module + "/inside", to: "../environment.yaml")
            try await checkout.commit("checkout/environments/shop/ansible")
            try await checkout.commit("checkout")
            #expect(try await checkout.copy("good").text("environments/shop/ansible/inside") == "name: shop\n")
            try Files.link(module + "/outside", to: "../../../elsewhere")
            try await checkout.commit("checkout/environments/shop/ansible")
            try await checkout.commit("checkout")
            #expect(try await checkout.copy("still-good").exists("environments/shop/ansible/inside"))
            try Files.link(module + "/far", to: "../../../../elsewhere")
            try await checkout.commit("checkout/environments/shop/ansible")
            try await checkout.commit("checkout")
            let failure = try await failure { _ = try await checkout.copy("bad") }
            #expect(failure.summary == "A symbolic link leads out of the copy that a run works from")
            #expect(failure.place == "environments/shop/ansible/far")
            #expect(!folder.exists("bad"))
        }
    }
}
