import Foundation
import FreePorts

/// A web server with TLS on a port of its own; see server.py. It ends with the test.
package struct TLSServer {
    package let port: Int
    private let folder: String
    private let process: Process
    private let input: Pipe

    /// - Parameter authority: a file; a client needs a certificate of it.
    package static func with(
        _ certificate: TestCertificate, demanding authority: String? = nil,
        _ body: (TLSServer) async throws -> Void
    ) async throws {
        let server = try await TLSServer(certificate, authority)
        defer { server.stop() }
        try await body(server)
    }

    private init(_ certificate: TestCertificate, _ authority: String?) async throws {
        port = try FreePorts.claim()
        folder = try temporaryFolder()
        process = Process()
        input = Pipe()
        let output = Pipe()
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "server.py").path
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", script, "\(port)", folder] + [authority].compactMap { $0 }
        process.standardInput = input
        process.standardOutput = output
        // No task that another test starts may hold the pipe open.
        _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        try show(certificate)
        try process.run()
        guard await firstByte(of: output) else { throw TLSTestingError(description: "the server did not start") }
    }

    private func stop() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
        try? FileManager.default.removeItem(atPath: folder)
    }

    package var address: String { "127.0.0.1:\(port)" }
    package var url: String { "https://\(address)" }

    /// From now on it shows this certificate.
    package func show(_ certificate: TestCertificate) throws {
        for (from, name) in [(certificate.key, "server.key"), (certificate.file, "server.pem")] {
            try Data(contentsOf: URL(filePath: from)).write(to: URL(filePath: "\(folder)/\(name)"))
        }
    }

    /// Names that clients asked for, and requests: `METHOD PATH AUTHORIZATION HOST`.
    package var log: [String] {
        ((try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }

    /// The requests.
    package var requests: [String] { log.filter { !$0.hasPrefix("name ") } }
}

/// Read on a thread of its own: tests share few.
private func firstByte(of pipe: Pipe) async -> Bool {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread {
            continuation.resume(returning: (try? pipe.fileHandleForReading.read(upToCount: 1))?.isEmpty == false)
        }
    }
}
