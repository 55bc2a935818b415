import Foundation
import Waiting

/// A server in Python on a port of its own, which the script prints. It ends when its standard input does.
struct Peer {
    let port: Int
    private let process: Process

    var address: String { "127.0.0.1:\(port)" }

    static func with<Result>(
        _ script: String, _ arguments: [String] = [], _ body: (Peer) async throws -> Result
    ) async throws -> Result {
        let peer = try await Peer(script, arguments)
        defer { peer.stop() }
        return try await body(peer)
    }

    private init(_ script: String, _ arguments: [String]) async throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script] + arguments
        process.standardInput = Pipe()
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        guard let port = Int(await firstLine(of: output)) else { throw StubDidNotStart() }
        self.port = port
    }

    /// Also where it has ended already.
    func stop() {
        try? (process.standardInput as? Pipe)?.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
