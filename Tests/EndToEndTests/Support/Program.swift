import Foundation
import Testing

/// A running rz, its output in files, ended with the test.
final class Program: Sendable {
    struct Ended: Sendable {
        var status: Int32
        var output: String
        var errors: String
        /// Both, for messages of tests.
        var all: String { output + errors }
    }

    let pid: Int32
    private let outputFile: String
    private let errorFile: String
    private let process: Process

    /// Starts rz with these arguments.
    init(_ arguments: [String], variables: [String: String], folder: String) throws {
        let name = "\(folder)/\(UUID().uuidString)"
        (outputFile, errorFile) = (name + ".out", name + ".err")
        for file in [outputFile, errorFile] { try Data().write(to: URL(filePath: file)) }
        process = Process()
        process.executableURL = Program.rz
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
        process.standardOutput = FileHandle(forWritingAtPath: outputFile)
        process.standardError = FileHandle(forWritingAtPath: errorFile)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        pid = process.processIdentifier
    }

    deinit { if process.isRunning { kill(pid, SIGKILL) } }

    /// The rz that was built with the tests.
    static let rz: URL = {
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let beside = folder.appending(path: "rz")
        if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
        return checkout.appending(path: ".build/debug/rz")
    }()

    static let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    var output: String { (try? String(contentsOfFile: outputFile, encoding: .utf8)) ?? "" }
    var isRunning: Bool { process.isRunning }

    func signal(_ number: Int32) { kill(pid, number) }

    /// Waits for its end; past the deadline it is killed and the test fails.
    func end(within limit: Duration = .seconds(120)) async throws -> Ended {
        try await eventually("rz \(process.arguments?.joined(separator: " ") ?? "") ends", within: limit) {
            !process.isRunning
        }
        let errors = (try? String(contentsOfFile: errorFile, encoding: .utf8)) ?? ""
        return Ended(status: process.terminationStatus, output: output, errors: errors)
    }

    /// Waits until its output holds a text.
    func waitForOutput(_ text: String, within limit: Duration = .seconds(90)) async throws {
        try await eventually("rz says \(text)", within: limit) { output.contains(text) || !process.isRunning }
        try #require(output.contains(text), "rz ended without saying \(text): \(output.suffix(600))")
    }
}

/// Waits for a condition; the deadline makes a wait that never ends a failure that names it.
func eventually(
    _ what: String, within limit: Duration = .seconds(60), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        try #require(ContinuousClock.now < deadline, "waited \(limit) in vain until \(what)")
        try await Task.sleep(for: .milliseconds(20))
    }
}
