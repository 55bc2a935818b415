import Foundation
import JSON
import Transport
import Waiting

/// A server that answers as it is told and records what it is asked. It ends when its standard input does.
struct StubServer {
    struct Recorded: Sendable, Equatable {
        let method: String
        let path: String
        let body: String
        let authorization: String
    }

    let port: Int
    private let process: Process

    static func with(_ body: (StubServer) async throws -> Void) async throws {
        let stub = try await StubServer()
        defer { stub.stop() }
        try await body(stub)
    }

    private init() async throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script]
        process.standardInput = Pipe()
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        guard let port = Int(await firstLine(of: output)) else { throw StubDidNotStart() }
        self.port = port
    }

    var address: String { "127.0.0.1:\(port)" }
    var url: String { "http://\(address)" }

    /// What requests of this method, whose path begins so, are answered from now on.
    func answers(
        _ method: String, _ path: String, _ status: Int = 200, _ body: JSON = [:], text: String? = nil,
        headers: JSON = [:], delay: Double = 0
    ) async throws {
        try await add([
            "method": .string(method), "path": .string(path), "status": .number(JSONNumber(status)),
            "body": .string(text ?? body.compact), "headers": headers,
            "delay": JSONNumber(delay).map(JSON.number) ?? 0,
        ])
    }

    /// Requests of this method, whose path begins so, are read whole from now on, and their connection is closed.
    func closes(_ method: String, _ path: String) async throws {
        try await add(["method": .string(method), "path": .string(path), "close": true])
    }

    private func add(_ rule: JSON) async throws {
        _ = try await HTTPClient.shared.send(HTTPRequest("PUT", url + "/_answer", body: Array(rule.compact.utf8)))
    }

    func recorded() async throws -> [Recorded] {
        let reply = try await HTTPClient.shared.send(HTTPRequest(.get, url + "/_log"))
        return (try JSON(parsing: reply.body).array ?? []).map { entry in
            Recorded(
                method: entry["method"]?.string ?? "", path: entry["path"]?.string ?? "",
                body: entry["body"]?.string ?? "", authorization: entry["authorization"]?.string ?? "")
        }
    }

    private func stop() {
        try? (process.standardInput as? Pipe)?.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}

struct StubDidNotStart: Error {}

private let script = """
    import http.server, json, os, select, socketserver, sys, threading
    rules, log = [], []
    class Handler(http.server.BaseHTTPRequestHandler):
        disable_nagle_algorithm = True
        protocol_version = "HTTP/1.1"
        def log_message(self, *words): pass
        def reply(self, status, text, headers={}):
            body = text.encode()
            self.send_response(status)
            for name, value in headers.items(): self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            if self.path == "/_answer":
                rules.insert(0, json.loads(body))
                return self.reply(200, "{}")
            if self.path == "/_log": return self.reply(200, json.dumps(log))
            log.append({"method": self.command, "path": self.path, "body": body,
                        "authorization": self.headers.get("Authorization") or ""})
            for rule in rules:
                if rule["method"] == self.command and self.path.startswith(rule["path"]):
                    if "close" in rule:
                        self.close_connection = True
                        return
                    # Until the client leaves, or for so long.
                    select.select([self.connection], [], [], rule["delay"])
                    return self.reply(rule["status"], rule["body"], rule["headers"])
            self.reply(404, json.dumps({"message": "URI not found"}))
        do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = any
    class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
        daemon_threads = True
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    os._exit(0)
    """
