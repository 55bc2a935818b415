import Foundation
import SandboxTesting
import Testing

@Suite("rz's own folder")
struct HomeTests {
    @Test(
        "is refused while everyone may write it, or a folder in it, and the command in the advice is enough",
        arguments: ["", "/journal"])
    func openFolder(_ inner: String) async throws {
        let desk = try Desk()
        try await desk.keep("halted-soak")
        chmod(desk.home + inner, 0o777)
        let refused = try await desk.run("status")
        #expect(refused.status == 5, "\(refused.all)")
        #expect(refused.errors.contains("rz's own folder can't be trusted"), "\(refused.errors)")
        let advice = try #require(refused.errors.firstMatch(of: /Run: (chmod .*)/)).output.1
        #expect(try shell(String(advice)) == 0)
        let status = try await desk.run("status")
        #expect(status.status == 0, "\(status.all)")
    }

    @Test("is refused where it belongs to another user")
    func foreignFolder() async throws {
        // Only root can make a folder of another user.
        guard geteuid() == 0 else { return }
        let desk = try Desk()
        try await desk.keep("halted-soak")
        chown(desk.home, 4711, 4711)
        let refused = try await desk.run("status")
        #expect(refused.status == 5, "\(refused.all)")
        #expect(refused.errors.contains("it belongs to another user (uid 4711)"), "\(refused.errors)")
    }

    @Test("and all that rz writes there is for its owner alone, whatever the umask of who starts rz")
    func umask() async throws {
        let desk = try Desk()
        let sample = Program.checkout.appending(path: "Tests/Stores/JournalTests/Samples-b870475/halted-soak.jsonl")
            .path
        let home = desk.folder + "/new"
        let script = "umask 000; RZ_HOME='\(home)' '\(Program.rz.path)' journal import '\(sample)'"
        #expect(try shell(script) == 0)
        let files = FileManager.default
        let paths = [home] + (files.subpaths(atPath: home) ?? []).map { "\(home)/\($0)" }
        #expect(paths.contains(home + "/journal/sandbox.sqlite"))
        for path in paths {
            let mode = try files.attributesOfItem(atPath: path)[.posixPermissions] as? Int ?? 0
            #expect(mode & 0o077 == 0, "\(path) has mode \(String(mode, radix: 8))")
        }
    }

    @Test("holds no journal that is a symbolic link")
    func linkedJournal() async throws {
        let desk = try Desk()
        try await desk.keep("halted-soak")
        let journal = desk.home + "/journal/sandbox.sqlite"
        try FileManager.default.moveItem(atPath: journal, toPath: desk.folder + "/elsewhere.sqlite")
        try FileManager.default.createSymbolicLink(
            atPath: journal, withDestinationPath: desk.folder + "/elsewhere.sqlite")
        let refused = try await desk.run("status", "sandbox")
        #expect(refused.status == 1, "\(refused.all)")
        #expect(refused.errors.contains("The journal is a symbolic link"), "\(refused.errors)")
    }

    private func shell(_ script: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", script]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
