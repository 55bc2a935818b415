import Foundation
import SandboxTesting

/// An empty folder in which a newcomer begins.
struct NewProject {
    let folder: String
    let base: String

    static func with(_ test: (NewProject) async throws -> Void) async throws {
        umask(0o022)
        let base = "/tmp/rz-new-\(UInt32.random(in: 0...UInt32.max))"
        let project = NewProject(folder: base + "/project", base: base)
        defer { try? FileManager.default.removeItem(atPath: base) }
        try FileManager.default.createDirectory(atPath: project.folder, withIntermediateDirectories: true)
        try await test(project)
    }

    var variables: [String: String] {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let venv = Program.checkout.appending(path: ".venv/bin").path
        let identity = ["AUTHOR", "COMMITTER"].flatMap {
            [("GIT_\($0)_NAME", "Test"), ("GIT_\($0)_EMAIL", "test@example.org")]
        }
        return [
            "RZ_HOME": base + "/home", "NO_COLOR": "1",
            "PATH": "\(Program.rz.deletingLastPathComponent().path):\(venv):\(path)",
        ].merging(identity) { $1 }
    }

    /// Runs rz in the folder, with nothing to read.
    func rz(_ arguments: [String]) async throws -> Program.Ended {
        try await shell((["rz"] + arguments.map { "'\($0)'" }).joined(separator: " "))
    }

    /// Runs a command line in the folder, as a person would type it.
    func shell(_ line: String) async throws -> Program.Ended {
        try await Program(
            ["-c", "cd '\(folder)' && \(line)"], variables: variables, folder: base, executable: "/bin/sh"
        ).end()
    }

    /// Starts rz in front of a terminal.
    func start(_ arguments: [String], terminal: PseudoTerminal) throws -> Program {
        try Program(
            arguments + ["--root", folder], variables: variables.merging(["TERM": "xterm"]) { $1 }, folder: base,
            input: "/proc/\(getpid())/fd/\(terminal.screen)", standardOutput: terminal.screen)
    }

    func write(_ text: String, _ path: String) throws {
        let file = URL(filePath: folder).appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: file, atomically: true, encoding: .utf8)
    }

    func read(_ path: String) throws -> String { try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8) }
}
