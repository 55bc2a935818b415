import Foundation

/// The clients of Marathon and Mesos, written by others, that scripts/setup puts into .venv-clients.
enum IndependentClients {
    private static let root = URL(filePath: #filePath).appending(path: "../../../../..").standardized
    private static let scripts = root.appending(path: "Tests/Sandbox/SandboxTests/Clients")
    private static let programs = root.appending(path: ".venv-clients/bin")

    static var areThere: Bool { FileManager.default.isExecutableFile(atPath: programs.appending(path: "python").path) }

    /// Runs one of the scripts in Clients to its end.
    static func script(_ name: String, _ arguments: String...) async throws -> Outcome {
        try await run("python", [scripts.appending(path: name).path] + arguments)
    }

    /// Runs a program of the environment to its end; it is killed at the deadline.
    static func run(
        _ program: String, _ arguments: [String], variables: [String: String] = [:],
        within deadline: Duration = .seconds(60)
    ) async throws -> Outcome {
        let process = Process()
        process.executableURL = programs.appending(path: program)
        process.arguments = arguments
        // Both clients print in colours or ask back on a terminal; and no proxy stands between them and 127.0.0.1.
        process.environment = [
            "PATH": programs.path + ":/usr/bin:/bin", "LC_ALL": "C.UTF-8", "NO_PROXY": "*",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": scripts.path,
            "HOME": NSTemporaryDirectory(),
        ].merging(variables) { _, new in new }
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let killer = Task {
            try await Task.sleep(for: deadline)
            process.terminate()
        }
        defer { killer.cancel() }
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                process.waitUntilExit()
                continuation.resume(returning: Outcome(status: process.terminationStatus, text: text))
            }
        }
    }

    struct Outcome: Sendable {
        let status: Int32
        let text: String

        /// Whether a script came to its last line.
        var isDone: Bool { status == 0 && text.hasSuffix("done\n") }
    }
}
