import Foundation
import JSON
import Migration
import Testing

@testable import Clusters

@Suite("The Redis of mesos-compose")
struct RedisRecordsTests {
    @Test("is only read: records of tasks, but nothing that the framework keeps of itself")
    func reads() async throws {
        try await withRedis { port, log in
            let tasks = try await records(port, password: "hush").tasks()
            #expect(tasks.map(\.name) == ["mc:shop:web"])
            let service = ComposeService(tasks[0], id: "shop/web")
            #expect(service.service["environment"] == ["MODE": "test"])
            #expect(service.service["ports"] == ["80:80/tcp"])
            let commands = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map(String.init)
            #expect(Set(commands.map { $0.prefix { $0 != " " } }) == ["AUTH", "SELECT", "SCAN", "GET"])
            #expect(!commands.contains { $0.hasPrefix("GET mc:framework") })
        }
    }

    @Test("refuses a wrong password with a failure that tells none")
    func wrongPassword() async throws {
        try await withRedis { port, _ in
            let failure = await #expect(throws: Failure.self) { try await records(port, password: "s3cret").tasks() }
            #expect(failure?.summary == "Redis refuses")
            #expect(failure?.description.contains("s3cret") == false)
        }
    }

    private func records(_ port: String, password: Setting) throws -> RedisRecords {
        try RedisRecords(
            ServiceSource.Redis(address: Setting("127.0.0.1:\(port)"), password: password), prefix: "mc",
            inventory: Inventory(), resolver: { $0.text })
    }

    private func withRedis(_ body: (String, String) async throws -> Void) async throws {
        let log = NSTemporaryDirectory() + "rz-redis-\(UUID().uuidString.prefix(8)).log"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script, log]
        let (input, output) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput) = (input, output)
        try process.run()
        defer {
            input.fileHandleForWriting.closeFile()
            try? FileManager.default.removeItem(atPath: log)
        }
        let line = await firstLine(of: output)
        try #require(Int(line) != nil)
        try await body(line, log)
    }

    /// Enough of a Redis: what it is asked goes to a file; it ends when its standard input does.
    private let script = #"""
        import json, os, socketserver, sys, threading
        data = {"mc:framework": "{}", "mc:framework_config": "{}", "mc:shop:web:shop_web.1.0": json.dumps({
            "TaskID": "shop_web.1.0", "task_name": "mc:shop:web", "container_image": "nginx", "State": "TASK_RUNNING",
            "Instances": 1, "environment": {"variables": [{"name": "MODE", "value": "test"}]},
            "port_mappings": [{"host_port": 31005, "container_port": 80, "protocol": "tcp"}]})}
        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                while head := self.rfile.readline():
                    words = []
                    for _ in range(int(head[1:])):
                        length = int(self.rfile.readline()[1:])
                        words.append(self.rfile.read(length + 2)[:-2].decode())
                    with open(sys.argv[1], "a") as log: log.write(" ".join(words) + "\n")
                    self.wfile.write(self.answer(words).encode())
            def answer(self, words):
                if words[0] == "AUTH": return "+OK\r\n" if words[1] == "hush" else "-WRONGPASS invalid password\r\n"
                if words[0] == "SELECT": return "+OK\r\n"
                if words[0] == "SCAN":
                    keys = sorted(data)[:2] if words[1] == "0" else sorted(data)[2:]
                    text = "".join(f"${len(key)}\r\n{key}\r\n" for key in keys)
                    return f"*2\r\n$1\r\n{'7' if words[1] == '0' else '0'}\r\n*{len(keys)}\r\n{text}"
                if words[0] == "GET":
                    value = data.get(words[1])
                    return "$-1\r\n" if value is None else f"${len(value)}\r\n{value}\r\n"
                return "-ERR unknown command\r\n"
        class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
            daemon_threads = True
        server = Server(("127.0.0.1", 0), Handler)
        print(server.server_address[1], flush=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()
        os._exit(0)
        """#
}
