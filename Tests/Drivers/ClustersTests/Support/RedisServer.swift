import Foundation
import FreePorts
import Glibc
import Testing
import Transport
import Waiting

@testable import Clusters

/// A real Redis on a port of its own, with the password `hush` and nothing on disk.
struct RedisServer {
    let address: String

    /// Debian's redis-tools has the server, under the name of another program that it is too; the package redis-server
    /// would begin a service of the system.
    private static let program = "/usr/bin/redis-check-rdb"

    static var isThere: Bool { FileManager.default.isExecutableFile(atPath: program) }

    static func with(_ body: (RedisServer) async throws -> Void) async throws {
        let port = try FreePorts.claim()
        let keeper = Process()
        let input = Pipe()
        keeper.executableURL = URL(filePath: "/usr/bin/env")
        keeper.arguments = ["python3", "-c", script, program, String(port)]
        keeper.standardInput = input
        // No task that another test starts may hold the pipe open.
        #expect(fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC) == 0)
        try keeper.run()
        defer {
            try? input.fileHandleForWriting.close()
            keeper.waitUntilExit()
        }
        let redis = RedisServer(address: "127.0.0.1:\(port)")
        try await eventually { (try? await redis.ask { _ = try await $0.call("PING") }) != nil }
        try await body(redis)
    }

    /// Puts texts into the database that mesos-compose uses.
    func hold(_ values: [String: String]) async throws {
        try await ask { connection in
            for (key, value) in values { _ = try await connection.call("SET", key, value) }
        }
    }

    func forgetCommands() async throws {
        try await ask { _ = try await $0.call("CONFIG", "RESETSTAT") }
    }

    /// How often each command was called since.
    func commands() async throws -> [String: Int] {
        var text = ""
        try await ask { connection in
            if case .text(let answer?) = try await connection.call("INFO", "commandstats") {
                text = String(decoding: answer, as: UTF8.self)
            }
        }
        var calls: [String: Int] = [:]
        for match in text.matches(of: /cmdstat_([a-z|]+):calls=(\d+)/) {
            calls[String(match.output.1)] = Int(match.output.2)
        }
        return calls
    }

    private func ask(_ body: (inout RedisConnection) async throws -> Void) async throws {
        let socket = try #require(SocketAddress("tcp:" + address))
        var connection = try await RedisConnection(socket)
        defer { connection.close() }
        _ = try await connection.call("AUTH", "hush")
        _ = try await connection.call("SELECT", "1")
        try await body(&connection)
    }
}

// The server ends with the process that holds the other end of the input.
private let script = """
    import subprocess, sys
    program, port = sys.argv[1:]
    settings = f"bind 127.0.0.1\\nport {port}\\nrequirepass hush\\nsave \\"\\"\\nappendonly no\\ndir /tmp\\n"
    redis = subprocess.Popen(
        ["redis-server", "-"], executable=program, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    redis.stdin.write(settings.encode())
    redis.stdin.close()
    sys.stdin.read()
    redis.kill()
    redis.wait()
    """
