import Foundation
import JSON
import SandboxTesting

/// A home of rz with journals of earlier runs and no data centre at all: what rz says and refuses costs nothing to see.
final class Desk: Sendable {
    let folder: String
    var home: String { folder + "/home" }

    init() throws {
        folder = NSTemporaryDirectory() + "rz-desk-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: home + "/journal", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// The journal of a run as it was kept: halted-soak, aborted, done, … (Tests/Stores/JournalTests/Samples-b870475).
    func keep(_ sample: String) async throws {
        let file = Program.checkout.appending(path: "Tests/Stores/JournalTests/Samples-b870475/\(sample).jsonl").path
        let made = try await run("journal", "import", file)
        try require(made.status == 0, "\(sample) can't be imported: \(made.all)")
    }

    /// Another environment with the same run.
    func copyJournal(to name: String) async throws {
        try FileManager.default.copyItem(
            atPath: home + "/journal/sandbox.sqlite", toPath: home + "/journal/\(name).sqlite")
    }

    /// - Parameter input: the file that rz reads.
    func run(
        _ arguments: String..., root: String? = nil, input: String = "/dev/null"
    ) async throws -> Program.Ended {
        try await Program(
            arguments, variables: ["RZ_HOME": home, "RZ_ROOT": root ?? folder, "NO_COLOR": "1"], folder: folder,
            input: input
        ).end()
    }

    /// How many events the journal of an environment has.
    func events(of environment: String = "sandbox") async throws -> Int? {
        try JSON(parsing: try await run("journal", "verify", environment, "--json").output)["events"]?.int
    }

    var journals: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: home + "/journal").filter { $0.hasSuffix(".sqlite") }
                .sorted()
        }
    }
}
