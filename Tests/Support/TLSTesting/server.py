"""A TLS server for one test: server.py PORT FOLDER [AUTHORITY]

Its certificate and key are FOLDER/server.pem and FOLDER/server.key, read for each connection; with AUTHORITY it demands
a certificate of the client. Each handshake and each request is a line of FOLDER/log, written before the answer:
`name NAME` (what the client asked for by SNI) and `METHOD PATH AUTHORIZATION`. `/redirect/URL` leads to the URL; all
else is answered with `{}`. It ends when its standard input does.
"""
import http.server, os, socket, ssl, sys, threading, urllib.parse

port, folder, authority = int(sys.argv[1]), sys.argv[2], (sys.argv[3:] or [None])[0]
lock = threading.Lock()


def log(line):
    with lock, open(f"{folder}/log", "a") as file:
        file.write(line + "\n")


class Handler(http.server.BaseHTTPRequestHandler):
    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"

    def setup(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{folder}/server.pem", f"{folder}/server.key")
        context.sni_callback = lambda _, name, __: log(f"name {name}")
        if authority:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(authority)
        connection = self.request.dup()
        try:
            self.request = context.wrap_socket(self.request, server_side=True)
            # With TLS 1.3 a client's certificate comes after the handshake: no end before it is judged.
            self.request.settimeout(20)
        except (ssl.SSLError, OSError):
            self.let_the_alert_arrive(connection)
            raise
        finally:
            connection.close()
        super().setup()

    @staticmethod
    def let_the_alert_arrive(connection):
        """A connection that is closed with bytes unread is reset, and what was sent on it is lost."""
        try:
            connection.settimeout(2)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
        except OSError:
            pass

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        log(f"{self.command} {self.path} {self.headers.get('Authorization', '-')} {self.headers.get('Host', '-')}")
        body = b"{}"
        to = urllib.parse.unquote(self.path.removeprefix("/redirect/")) if self.path.startswith("/redirect/") else None
        self.send_response(307 if to else 200)
        if to:
            self.send_header("Location", to)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *arguments):
        pass


server = Server(("127.0.0.1", port), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("ready", flush=True)
sys.stdin.buffer.read()
os._exit(0)
