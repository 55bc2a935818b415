"""Keeps Terraform states in memory, as its backend `http` expects: GET, POST, DELETE, LOCK, UNLOCK; one state a path.

GET /requests lists what was asked for, one line each, GET /locks/PATH who holds a lock. Ends with the process that holds the other end of its input.
"""
import base64
import http.server
import os
import sys
import threading

states: dict[str, bytes] = {}
locks: dict[str, bytes] = {}
requests: list[str] = []
mutex = threading.Lock()
port, user, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Handler(http.server.BaseHTTPRequestHandler):
    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.split("?")[0]
        with mutex:
            if path.startswith("/locks/"):
                return self.answer(200, locks.get(path.removeprefix("/locks"), b"{}"))
            if path == "/requests":
                return self.answer(200, "\n".join(requests).encode())
            if self.headers.get("Authorization") != expected:
                return self.answer(401)
            requests.append(f"{self.command} {path}")
            match self.command:
                case "GET":
                    return self.answer(200, states[path]) if path in states else self.answer(404)
                case "POST":
                    states[path] = body
                case "DELETE":
                    states.pop(path, None)
                case "LOCK":
                    if path in locks:
                        return self.answer(423, locks[path])
                    locks[path] = body
                case "UNLOCK":
                    locks.pop(path, None)
            self.answer(200)

    do_GET = do_POST = do_DELETE = do_LOCK = do_UNLOCK = handle_any


server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
os._exit(0)
