#!/usr/bin/env python3
"""One service of the sandbox: a small HTTP server that behaves as a production service should, or as badly as configured.

Any path answers 200 with JSON (app, color, version, instance); /health is for health checks, /slow?ms=N answers late.
SIGTERM: it stops accepting, finishes the requests under way and exits. With DATA_DIR set it is the database: POST
/ledger appends a record that is on the disk before the answer, GET /ledger returns the count and the SHA-256 of all
records. Two of them, blue's and green's, may share the disk.

Environment: HOST and PORT to listen on, COLOR, SERVER, the MARATHON_* and MESOS_TASK_ID variables of the scheduler,
START_DELAY (seconds during which /health answers 503), DATA_DIR, DRAIN_SECONDS, and SICK:
    health        /health answers 503
    errors        every other request answers 500
    errors N, N   N percent of the other requests answer 500
The file $SERVER/etc/sick-<app> (`/shop/cart` is `shop-cart`) says the same at run time and has precedence.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import random
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

LONGEST_BODY = 1 << 20


class Sickness:
    """What the service is configured to do wrong."""

    def __init__(self, environment: Mapping[str, str], app: str) -> None:
        self.orders = environment.get("SICK", "")
        server = environment.get("SERVER")
        self.file = Path(server, "etc", f"sick-{app.strip('/').replace('/', '-')}") if server else None

    def words(self) -> list[str]:
        if self.file is not None:
            with contextlib.suppress(OSError):
                return self.file.read_text().split()
        return self.orders.split()

    def fails_health(self) -> bool:
        return self.words()[:1] == ["health"]

    def fails_request(self) -> bool:
        words = [word for word in self.words() if word != "errors"] or ["100"]
        if not self.words() or self.fails_health():
            return False
        return random.random() * 100 < (float(words[0].rstrip("%")) if words[0].rstrip("%").isdecimal() else 0)


class Ledger:
    """Records in a file, one JSON line each. A record counts when its line is complete and on the disk."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "ledger.jsonl"
        self.lock = threading.Lock()
        self.read_up_to = 0
        self.records = 0
        self.digest = hashlib.sha256()

    def append(self, record: dict[str, Any]) -> dict[str, Any]:
        """Adds a record and returns what `summary` does, of exactly this moment."""
        with self.lock, self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.catch_up(file)
            # Whatever follows the last newline was being written when its writer was killed: no one was informed that it exists.
            file.truncate(self.read_up_to)
            line = json.dumps({"number": self.records + 1, **record}, separators=(",", ":")).encode() + b"\n"
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
            self.catch_up(file)
            return self.state()

    def summary(self) -> dict[str, Any]:
        """How many records there are, and a checksum over all of them."""
        with self.lock, self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            self.catch_up(file)
            return self.state()

    def catch_up(self, file: Any) -> None:
        """Reads what was appended since the last look, by this process or by the other color's."""
        if os.fstat(file.fileno()).st_size < self.read_up_to:
            self.read_up_to, self.records, self.digest = 0, 0, hashlib.sha256()
        file.seek(self.read_up_to)
        news = file.read()
        complete = news[: news.rfind(b"\n") + 1]
        self.read_up_to += len(complete)
        self.records += complete.count(b"\n")
        self.digest.update(complete)

    def state(self) -> dict[str, Any]:
        return {"records": self.records, "checksum": self.digest.hexdigest()}


class Service(ThreadingHTTPServer):
    """The listener, the service's identity, and the connections it has to finish before it ends."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.app = environment.get("MARATHON_APP_ID", "/service")
        self.identity = {
            "app": self.app,
            "color": environment.get("COLOR", "none"),
            "version": environment.get("MARATHON_APP_VERSION", "none"),
            "instance": environment.get("MESOS_TASK_ID", str(os.getpid())),
        }
        self.sickness = Sickness(environment, self.app)
        self.ledger = Ledger(Path(environment["DATA_DIR"])) if environment.get("DATA_DIR") else None
        self.healthy_from = time.monotonic() + float(environment.get("START_DELAY", "0"))
        self.drain_seconds = float(environment.get("DRAIN_SECONDS", "8"))
        self.draining = False
        self.connections: dict[socket.socket, bool] = {}
        self.change = threading.Condition()
        super().__init__((environment.get("HOST", "127.0.0.1"), int(environment.get("PORT", "8080"))), Request)

    def server_bind(self) -> None:
        """Binds without the reverse name look-up of http.server, which may ask a name server."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def mark(self, connection: socket.socket, busy: bool | None) -> None:
        """Notes that a connection carries a request (true), is idle (false), or is closed (none)."""
        with self.change:
            if busy is None:
                self.connections.pop(connection, None)
            else:
                self.connections[connection] = busy
            self.change.notify_all()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.mark(request, True)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.mark(request, None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)

    def drain(self) -> None:
        """Takes what the kernel has accepted already, then waits for every request under way."""
        self.draining = True
        self.socket.setblocking(False)
        with contextlib.suppress(OSError):
            while True:
                connection, address = self.socket.accept()
                connection.setblocking(True)
                self.process_request(connection, address)
        self.socket.close()
        deadline = time.monotonic() + self.drain_seconds
        with self.change:
            while self.connections and time.monotonic() < deadline:
                for connection, busy in self.connections.items():
                    if not busy:
                        # Wakes its reader; a request that has arrived already is still read and answered.
                        with contextlib.suppress(OSError):
                            connection.shutdown(socket.SHUT_RD)
                self.change.wait(timeout=0.1)


class Request(BaseHTTPRequestHandler):
    """One connection's requests, one after another."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 75
    server: Service

    def handle_one_request(self) -> None:
        super().handle_one_request()
        self.server.mark(self.connection, False)

    def parse_request(self) -> bool:
        self.server.mark(self.connection, True)
        return super().parse_request()

    def do_GET(self) -> None:  # noqa: N802 (the name is http.server's)
        self.answer(self.read_body())

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815

    def read_body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > LONGEST_BODY or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            return b""
        return self.rfile.read(int(length))

    def answer(self, body: bytes) -> None:
        service = self.server
        target = urlsplit(self.path)
        if target.path.endswith("/health"):
            starting = time.monotonic() < service.healthy_from
            state = "starting" if starting else "sick" if service.sickness.fails_health() else "healthy"
            self.reply(200 if state == "healthy" else 503, {"status": state})
        elif service.sickness.fails_request():
            self.reply(500, {"error": "configured to be sick"})
        else:
            if target.path.endswith("/slow"):
                milliseconds = parse_qs(target.query).get("ms", ["1000"])[0]
                time.sleep(min(float(milliseconds) if milliseconds.isdecimal() else 1000, 60_000) / 1000)
            self.reply(*self.ledger_reply(body) if service.ledger and "ledger" in target.path else (200, {}))

    def ledger_reply(self, body: bytes) -> tuple[int, dict[str, Any]]:
        ledger = self.server.ledger
        assert ledger is not None
        if self.command != "POST":
            return 200, ledger.summary()
        text = body.decode(errors="replace")
        return 201, ledger.append({"time": time.time(), "color": self.server.identity["color"], "text": text})

    def reply(self, status: int, facts: dict[str, Any]) -> None:
        content = json.dumps({**self.server.identity, **facts}).encode() + b"\n"
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Color", self.server.identity["color"])
        if self.server.draining or self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def log(text: str) -> None:
    print(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def main() -> int:
    # Blocked here and in every thread, taken by sigwait alone: no handler ever interrupts a request.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    service = Service(os.environ)
    log(f"{service.app} listens on {service.server_name}:{service.server_port}")
    threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 3600}, daemon=True).start()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    log("draining")
    service.drain()
    log(f"ended with {len(service.connections)} connections left")
    # The accepting thread still waits in select: nothing of it is worth an orderly end.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
