import Foundation
import Transport
import Waiting

/// A web server in Python, for one test; it ends when the test does, whatever the reason: its standard input ends then.
struct WebServer {
    enum Kind {
        case plain
        case unix
    }

    let port: Int
    let socket: String
    private let process: Process

    init(_ kind: Kind = .plain) async throws {
        let folder = try temporaryFolder()
        socket = folder + "/web.sock"
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script, socket] + kind.arguments
        let output = Pipe()
        process.standardInput = Pipe()
        process.standardOutput = output
        try process.run()
        let line = await firstLine(of: output)
        guard let port = Int(line) else { throw PeerError("the server did not start") }
        self.port = port
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// Waits for its end: nothing answers after it.
    func stop() {
        try? (process.standardInput as? Pipe)?.fileHandleForWriting.close()
        process.waitUntilExit()
        try? FileManager.default.removeItem(atPath: String(socket.dropLast("/web.sock".count)))
    }

    /// How often a name was asked for.
    func hits(_ name: String) async throws -> Int {
        try Int(await HTTPClient.shared.send(HTTPRequest(.get, url + "/hits/" + name)).text) ?? -1
    }
}

extension WebServer.Kind {
    fileprivate var arguments: [String] {
        switch self {
        case .plain: ["plain"]
        case .unix: ["unix"]
        }
    }
}

struct PeerError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

func temporaryFolder() throws -> String {
    var template = Array("/tmp/rz-tr-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw PeerError("no temporary folder") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

private let script = """
    import hashlib, hmac, http.server, os, select, socket, socketserver, sys, threading, time, urllib.parse
    hits, lock = {}, threading.Lock()
    def hit(name, amount=1):
        with lock:
            hits[name] = hits.get(name, 0) + amount
            return hits[name]
    def signature_problem(request, body):
        "Signature Version 4, as AWS describes it: what is wrong with that of a request, for the secret key SECRET."
        got = request.headers.get("Authorization") or ""
        scheme, _, rest = got.partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
        if scheme != "AWS4-HMAC-SHA256" or not parts.get("Credential", "").startswith("AKID/"): return f"no signature: {got}"
        names, scope = parts["SignedHeaders"].split(";"), parts["Credential"].split("/", 1)[1]
        for name in ["host", "x-amz-date"] + [n.lower() for n in request.headers if n.lower().startswith("x-amz-")]:
            if name not in names: return f"{name} is not signed"
        for name in names:
            if name not in request.headers: return f"{name} is signed and was not sent"
        path, _, query = request.path.partition("?")
        canonical = "\\n".join([request.command, path, query]
            + [f"{n}:{' '.join(request.headers[n].split())}" for n in sorted(names)]
            + ["", ";".join(sorted(names)), hashlib.sha256(body).hexdigest()])
        text = "\\n".join([scheme, request.headers["X-Amz-Date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = b"AWS4SECRET"
        for word in scope.split("/"): key = hmac.new(key, word.encode(), hashlib.sha256).digest()
        wanted = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        return f"good for {scope.split('/', 1)[1]}" if parts["Signature"] == wanted else f"wrong: {canonical}"
    class Handler(http.server.BaseHTTPRequestHandler):
        disable_nagle_algorithm = sys.argv[2] != "unix"
        protocol_version = "HTTP/1.1"
        def handle_one_request(self):
            try: super().handle_one_request()
            except OSError: self.close_connection = True
        def answer(self, status, body, **headers):
            self.send_response(status)
            for name, value in headers.items(): self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD": self.wfile.write(body)
        def chunk(self, body):
            self.wfile.write(b"%x\\r\\n%s\\r\\n" % (len(body), body))
            self.wfile.flush()
        def act(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            name, _, rest = self.path.partition("?")[0][1:].partition("/")
            if self.path.startswith("http://"):
                self.answer(200, f"by proxy: {self.command} {self.path}".encode())
            elif name == "echo":
                head = f"{self.command} {self.path}\\n" + "".join(f"{k}: {v}\\n" for k, v in self.headers.items())
                self.answer(200, head.encode() + b"\\n" + body)
            elif name == "signed":
                self.answer(200, signature_problem(self, body).encode())
            elif name == "hits": self.answer(200, str(hits.get(rest, 0)).encode())
            elif name == "port": self.answer(200, str(self.client_address[1]).encode())
            elif name == "status": self.answer(int(rest), b"body of " + rest.encode())
            elif name == "redirect":
                status, _, to = rest.partition("/")
                hit("redirect")
                self.answer(int(status), b"", Location=urllib.parse.unquote(to))
            elif name == "drop":
                times, _, key = rest.partition("/")
                if hit(key) <= int(times): self.close_connection = True
                else: self.answer(200, b"at last")
            elif name == "hang":
                hit("hanging")
                self.connection.recv(1)
                hit("gone")
                self.close_connection = True
            elif name == "big": self.answer(200, b"x" * int(rest))
            elif name == "garbage":
                self.wfile.write(b"no http at all\\r\\n\\r\\n")
                self.close_connection = True
            elif name == "half":
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b"half")
                self.close_connection = True
            elif name == "drip":
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                text = urllib.parse.unquote_to_bytes(rest)
                for start in range(0, len(text), 3): self.chunk(text[start:start + 3])
                self.chunk(b"")
            elif name == "endless":
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                try:
                    while True:
                        if not select.select([], [self.connection], [], 0.5)[1]: hit("waiting")
                        self.chunk(b"x" * 65536)
                        hit("sent", 65536)
                except OSError:
                    hit("stopped")
                    raise
        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_UPDATE = act
        def log_message(self, *arguments): pass
        def address_string(self): return "client"
    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 2000
        def handle_error(self, *arguments): pass
        def server_bind(self): socketserver.TCPServer.server_bind(self)
    class UnixServer(Server):
        address_family = socket.AF_UNIX
    kind = sys.argv[2]
    server = UnixServer(sys.argv[1], Handler) if kind == "unix" else Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(0 if kind == "unix" else server.server_address[1], flush=True)
    sys.stdin.buffer.read()
    os._exit(0)
    """
