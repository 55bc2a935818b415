import Foundation
import JSON
import Transport

/// A master for what a real one can't be made to do in a test: it has no leader at first, leads elsewhere, and goes
/// silent in the middle of a stream. It ends when its standard input does.
final class FakeMaster {
    /// Where a scheduler is to subscribe: this port has no leader once, and then redirects to the one that leads.
    let port: Int
    private let process = Process()

    init() async throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script]
        process.standardInput = Pipe()
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let reader = output.fileHandleForReading
        port = Int(await blocking { firstLine(of: reader) }) ?? 0
    }

    deinit { (process.standardInput as? Pipe)?.fileHandleForWriting.closeFile() }

    var url: String { "http://127.0.0.1:\(port)" }

    /// The bodies of all calls that the leader took, oldest first.
    func calls() async throws -> [JSON] {
        try JSON(parsing: try await HTTPClient.shared.send(HTTPRequest(.get, url + "/_calls")).body).array ?? []
    }
}

private let script = """
    import http.server, json, os, sys, threading, time
    calls, asked = [], []
    class Master(http.server.BaseHTTPRequestHandler):
        def log_message(self, *words): pass
        def answer(self, status, text="", headers={}):
            self.send_response(status)
            for name, value in headers.items(): self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())
        def do_GET(self): self.answer(200, json.dumps(calls) if self.path == "/_calls" else '{"slaves": []}')
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.server is follower:
                asked.append(body)
                if len(asked) == 1: return self.answer(503, "No leader elected")
                return self.answer(307, headers={"Location": f"//127.0.0.1:{leader.server_port}{self.path}"})
            calls.append(body)
            if body["type"] != "SUBSCRIBE": return self.answer(202)
            self.send_response(200)
            self.send_header("Mesos-Stream-Id", "stream-1")
            self.end_headers()
            record = json.dumps({"type": "SUBSCRIBED", "subscribed": {
                "framework_id": {"value": "F-0001"}, "heartbeat_interval_seconds": 0.2}})
            for part in (str(len(record)) + "\\n", record[:20], record[20:]):
                self.wfile.write(part.encode())
                self.wfile.flush()
                time.sleep(0.02)
            time.sleep(1000)
    leader, follower = (http.server.ThreadingHTTPServer(("127.0.0.1", 0), Master) for _ in range(2))
    for server in (leader, follower): threading.Thread(target=server.serve_forever, daemon=True).start()
    print(follower.server_port, flush=True)
    sys.stdin.read()
    os._exit(0)
    """
