import Foundation
import Testing
import Transport
import Waiting

/// What pretends to be a Redis, and sends more than one ever would.
@Suite("A Redis that does not end")
struct RedisConnectionTests {
    @Test("is left after so many bytes, over all its answers together")
    func bytes() async throws {
        try await FakeRedis.with("heavy") { address in
            var connection = try await RedisConnection(address)
            defer { connection.close() }
            let error = try await #require(throws: RedisError.self) {
                for _ in 0..<12 { _ = try await connection.call("GET", "a") }
            }
            #expect(error.message == "it sent more than 128 MiB")
        }
    }

    @Test("is left after so many elements of a list, however small")
    func elements() async throws {
        try await FakeRedis.with("long") { address in
            var connection = try await RedisConnection(address)
            defer { connection.close() }
            let error = try await #require(throws: RedisError.self) { _ = try await connection.call("SCAN", "0") }
            #expect(error.message == "an answer has more than 100000 elements")
        }
    }

    @Test("is left where lists stand in lists without an end")
    func depth() async throws {
        try await FakeRedis.with("deep") { address in
            var connection = try await RedisConnection(address)
            defer { connection.close() }
            let error = try await #require(throws: RedisError.self) { _ = try await connection.call("SCAN", "0") }
            #expect(error.message == "an answer that is not of Redis's protocol")
        }
    }
}

private enum FakeRedis {
    static func with(_ kind: String, _ body: (SocketAddress) async throws -> Void) async throws {
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script, kind]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        defer {
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
        }
        let port = try #require(Int(await firstLine(of: output)))
        try await body(.tcp(host: "127.0.0.1", port: port))
    }

    private static let script = """
        import os, socketserver, sys, threading
        answers = {
            "heavy": b"$15000000\\r\\n" + b"x" * 15000000 + b"\\r\\n",
            "long": b"*200000\\r\\n" + b":1\\r\\n" * 200000,
            "deep": b"*1\\r\\n" * 10000 + b":1\\r\\n",
        }
        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                try:
                    while self.request.recv(4096): self.request.sendall(answers[sys.argv[1]])
                except OSError: pass
        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
        server = Server(("127.0.0.1", 0), Handler)
        print(server.server_address[1], flush=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()
        os._exit(0)
        """
}
