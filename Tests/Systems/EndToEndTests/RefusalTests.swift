import Foundation
import JSON
import SandboxTesting
import Testing

@Suite("What can't work is reported before anything is changed", .serialized, SharedSandbox())
struct RefusalTests {
    private let sandbox: SandboxFixture
    private let recorders: Recorders

    init() throws {
        let shared = try #require(SharedSandbox.current)
        (sandbox, recorders) = (shared.sandbox, shared.recorders)
    }

    @Test("in one error with its place and the next step", arguments: Refusal.all)
    func refused(_ refusal: Refusal) async throws {
        let files = Set(refusal.edits.map(\.file)).sorted().map { "\(sandbox.root)/\($0)" }
        let originals = try files.map { try String(contentsOfFile: $0, encoding: .utf8) }
        defer {
            for (file, original) in zip(files, originals) {
                try? original.write(toFile: file, atomically: true, encoding: .utf8)
            }
        }
        for edit in refusal.edits {
            try sandbox.edit("\(sandbox.root)/\(edit.file)", replacing: edit.old, with: edit.new)
        }
        if let folder = refusal.opens.map({ "\(sandbox.root)/\($0)" }) {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder)
            for program in refusal.plants {
                let file = folder + "/" + program
                try "#!/bin/sh\necho planted\n".write(toFile: file, atomically: true, encoding: .utf8)
                try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
            }
        }
        defer {
            if let folder = refusal.opens.map({ "\(sandbox.root)/\($0)" }) {
                for program in refusal.plants { try? FileManager.default.removeItem(atPath: folder + "/" + program) }
                try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder)
            }
        }
        var variables = recorders.variables.merging(refusal.variables) { $1 }
        if refusal.isOnPath, let folder = refusal.opens {
            variables["PATH"] = "\(sandbox.root)/\(folder):\(variables["PATH"] ?? "")"
        }
        if refusal.hidesTerraform { variables["PATH"] = try pathWithoutTerraform() }
        let began = recorders.calls.count

        let ended = try await sandbox.start(refusal.arguments, variables: variables).end()

        #expect(ended.status == refusal.status, "\(ended.all)")
        for text in refusal.says { #expect(ended.all.contains(text), "\(ended.all)") }
        for text in refusal.hides { #expect(!ended.all.contains(text), "\(ended.all)") }
        #expect(!ended.all.contains("Fatal error"))
        #expect(recorders.calls.dropFirst(began).allSatisfy { !$0.isChange })
        #expect(recorders.changesByTools.isEmpty)
        #expect(try await sandbox.run("history").output.isEmpty, "a refused run left a trace")
    }

    @Test("and blue stays live, with no server of green")
    func stillBlue() async throws {
        #expect(try await sandbox.live() == "blue")
        #expect(try sandbox.servers.allSatisfy { $0.hasPrefix("blue-") })
    }

    /// A PATH with what rz needs but Terraform.
    private func pathWithoutTerraform() throws -> String {
        let bin = sandbox.folder + "/few"
        try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
        for name in ["git", "tar", "python3", "sh"] {
            let path = try #require(Recorders.find(name, in: ProcessInfo.processInfo.environment["PATH"] ?? ""))
            try FileManager.default.createSymbolicLink(atPath: "\(bin)/\(name)", withDestinationPath: path)
        }
        return bin
    }
}
