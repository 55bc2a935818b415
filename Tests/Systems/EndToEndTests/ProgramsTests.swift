import Foundation
import SandboxTesting
import Testing

@Suite("The programs of rz")
struct ProgramsTests {
    @Test("rz holds no kill points, and the one for crash tests does")
    func killPoints() throws {
        let variable = Data("RZ_KILL_POINTS".utf8)
        #expect(try Data(contentsOf: Program.rzWithKillPoints).range(of: variable) != nil)
        #expect(try Data(contentsOf: Program.rz).range(of: variable) == nil)
    }

    @Test("rz sandbox runs the program beside rz, from any folder, and ends as it ends")
    func beside() async throws {
        try await withFolder { folder in
            try copy(Program.rz, to: folder + "/bin/rz")
            try copy(Program.sandbox, to: folder + "/bin/rz-sandbox")
            let ended = try await run(["sandbox", "status"], folder)
            #expect(ended.status == 1)
            #expect(ended.errors.hasPrefix("error: There is no sandbox\n"))
        }
    }

    @Test("rz sandbox says how to install the sandbox where it is not, whatever the PATH has")
    func notInstalled() async throws {
        try await withFolder { folder in
            try copy(Program.rz, to: folder + "/bin/rz")
            try copy(URL(filePath: "/bin/true"), to: folder + "/elsewhere/rz-sandbox")
            let ended = try await run(["sandbox", "up"], folder, ["PATH": "\(folder)/elsewhere:/usr/bin:/bin"])
            #expect(ended.status == 1)
            #expect(
                ended.errors == """
                    error: The sandbox is not installed
                      at \(folder)/bin/rz-sandbox
                      In a checkout of rz, run: make install PREFIX=\(folder)

                    """)
            let help = try await run(["sandbox", "--help"], folder)
            #expect(help.status == 0 && help.output.contains("\nUSAGE: rz sandbox <subcommand>\n"), "\(help.all)")
        }
    }

    @Test("rz sandbox refuses a program that others may have put there")
    func foreign() async throws {
        try await withFolder { folder in
            try copy(Program.rz, to: folder + "/bin/rz")
            try copy(Program.sandbox, to: folder + "/bin/rz-sandbox")
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder + "/bin")
            let ended = try await run(["sandbox", "status"], folder)
            #expect(ended.status == 5)
            #expect(ended.errors.hasPrefix("error: The sandbox's program can't be trusted\n"), "\(ended.errors)")
        }
    }

    private func withFolder(_ test: (String) async throws -> Void) async throws {
        // As the kernel names it, which is what rz prints.
        let folder = "/tmp/rz-programs-\(UInt32.random(in: 0...UInt32.max))"
        for name in ["", "/bin", "/elsewhere"] {
            try FileManager.default.createDirectory(
                atPath: folder + name, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        }
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await test(folder)
    }

    private func copy(_ program: URL, to path: String) throws {
        try FileManager.default.copyItem(atPath: program.path, toPath: path)
    }

    private func run(
        _ arguments: [String], _ folder: String, _ variables: [String: String] = [:]
    ) async throws -> Program.Ended {
        try await Program(
            arguments, variables: variables.merging(["RZ_HOME": folder + "/home"]) { $1 }, folder: folder,
            executable: folder + "/bin/rz"
        ).end()
    }
}
