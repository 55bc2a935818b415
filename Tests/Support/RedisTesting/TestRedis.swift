import Foundation
import FreePorts
import Synchronization
import TLSTesting
import Transport
import Waiting

/// A real Redis on a port of its own, which keeps its folder when it is started again. It ends with the test, killed ones
/// too.
package final class TestRedis: Sendable {
    /// Debian's redis-tools has the server, under the name of another program that it is too; the package redis-server
    /// would begin a service of the system.
    private static let program = "/usr/bin/redis-check-rdb"

    package static var isHere: Bool { FileManager.default.isExecutableFile(atPath: program) }

    package let port: Int
    package var address: String { "127.0.0.1:\(port)" }
    private let folder: String
    private let settings: String
    private let keeper = Mutex<Process?>(nil)

    /// - Parameter settings: lines of redis.conf beside port, address and folder; those of before keep nothing on disk.
    package static func with<Result>(
        _ settings: [String] = ["save \"\""], _ body: (TestRedis) async throws -> Result
    ) async throws -> Result {
        let redis = try TestRedis(settings)
        defer { redis.end() }
        try await redis.start()
        return try await body(redis)
    }

    /// Settings by which it speaks TLS at another port, too.
    package static func tls(
        at port: Int, _ certificate: TestCertificate, of authority: TestAuthority
    ) -> [String] {
        [
            "tls-port \(port)", "tls-cert-file \(certificate.file)", "tls-key-file \(certificate.key)",
            "tls-ca-cert-file \(authority.file)", "tls-auth-clients no",
        ]
    }

    package init(_ settings: [String] = ["save \"\""]) throws {
        port = try FreePorts.claim()
        folder = FileManager.default.temporaryDirectory.appending(path: "rz-redis-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        self.settings = settings.joined(separator: "\n")
    }

    /// Starts it, and waits until it answers: with data, or that it wants to know who asks.
    package func start() async throws {
        let process = Process()
        let input = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script, TestRedis.program, "\(port)", folder, settings]
        process.standardInput = input
        // No program that another test starts may hold the pipe open.
        _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        try process.run()
        keeper.withLock { $0 = process }
        try await eventually("Redis to answer") {
            do { _ = try await call("PING") } catch let error as RedisError { return error.code != "LOADING" } catch {
                return false
            }
            return true
        }
    }

    /// Ends it at once, as a crash would.
    package func kill() {
        let process = keeper.withLock { keeper in
            defer { keeper = nil }
            return keeper
        }
        try? (process?.standardInput as? Pipe)?.fileHandleForWriting.close()
        process?.waitUntilExit()
    }

    /// Ends it for good.
    package func end() {
        kill()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// One command, over a connection of its own.
    @discardableResult
    package func call(_ words: String..., password: String? = nil) async throws -> RedisReply {
        var connection = try await RedisConnection(.tcp(host: "127.0.0.1", port: port))
        defer { connection.close() }
        if let password { try await connection.authenticate(password: password) }
        return try await connection.call(words)
    }

    /// Sets texts in one piece.
    package func set(_ values: [String: String]) async throws {
        var connection = try await RedisConnection(.tcp(host: "127.0.0.1", port: port))
        defer { connection.close() }
        _ = try await connection.call(["MSET"] + values.flatMap { [$0.key, $0.value] })
    }

    package func get(_ key: String) async throws -> String? { try await call("GET", key).content }
}

// The server ends with the process that holds the other end of the input.
private let script = """
    import subprocess, sys
    program, port, folder, settings = sys.argv[1:]
    redis = subprocess.Popen(
        ["redis-server", "-"], executable=program, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    redis.stdin.write(f"bind 127.0.0.1\\nport {port}\\ndir {folder}\\n{settings}\\n".encode())
    redis.stdin.close()
    sys.stdin.buffer.read()
    redis.kill()
    redis.wait()
    """
