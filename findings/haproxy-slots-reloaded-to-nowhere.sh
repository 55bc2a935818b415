#!/usr/bin/env bash
# HAProxy: after a reload a filled slot of a `server-template` is ready, with its weight and port, at address 0.0.0.0.
#
# Slots are made with `server-template green- 1-2 0.0.0.0:0 check disabled init-addr last,none` and are meant to be
# filled at runtime: `set server be/green-1 addr 127.0.0.1 port P`, then `state ready`. Users get its answers. Then the
# server state is saved and HAProxy reloaded, as its manual says, with `server-state-file` and
# `load-server-state-from-file global`. Seen on 2.6.12 (Debian 12), 2.8.25, 3.0.11 and 3.2.26: of the slot the port, the
# weight and that it is ready come back, the address does not, although the file has it and `last` asks for it. With the only server of the
# backend so lost, users get 503. Expected: all four or none; a slot without an address stays in maintenance.
# Whoever fills slots keeps their addresses somewhere else, and sets them again after each reload.
#
# Needs python3 and apt-get; touches 127.0.0.1 only. Exits with 0 while it is so, with 1 once it is not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq haproxy=2.6.12-1+deb12u4 2>/dev/null || apt-get download -qq haproxy
dpkg -x haproxy_*.deb tree
python3 - "${HAPROXY:-$folder/tree/usr/sbin/haproxy}" <<'PYTHON'
import http.client, http.server, os, signal, socket, subprocess, sys, threading, time
haproxy = sys.argv[1]
print(subprocess.run([haproxy, "-v"], capture_output=True, text=True).stdout.splitlines()[0])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *_): pass
web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=web.serve_forever, daemon=True).start()
with socket.socket() as s:
    s.bind(("127.0.0.1", 0)); front = s.getsockname()[1]
open("state", "w").write("1\n")
open("h.cfg", "w").write(f"""
global
  stats socket {os.getcwd()}/s mode 600 level admin
  server-state-file {os.getcwd()}/state
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
  load-server-state-from-file global
frontend f
  bind 127.0.0.1:{front}
  default_backend be
backend be
  option httpchk GET /
  default-server inter 100ms rise 1 fall 2
  server-template green- 1-2 0.0.0.0:0 check disabled init-addr last,none weight 50
""")
def start(*more):
    return subprocess.Popen([haproxy, "-db", "-f", "h.cfg", *more], stderr=subprocess.DEVNULL)
def ask(command):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect("s"); s.sendall(command.encode() + b"\n"); return s.makefile().read()
def wait(what, seconds=10):
    end = time.time() + seconds
    while time.time() < end:
        try:
            if what(): return True
        except OSError: pass
        time.sleep(0.05)
    return False
def get():
    c = http.client.HTTPConnection("127.0.0.1", front, timeout=5)
    c.request("GET", "/"); return c.getresponse().status
def pid(): return ask("show info").split("Pid: ")[1].split()[0]
def slot():
    row = next(l.split() for l in ask("show servers state be").splitlines() if " green-1 " in l)
    return {"address": row[4], "port": row[18], "weight": row[7], "administration": row[6]}
first = start(); second = None
try:
    assert wait(pid), "HAProxy does not answer"
    ask(f"set server be/green-1 addr 127.0.0.1 port {web.server_address[1]}")
    ask("set server be/green-1 state ready"); ask("set server be/green-1 weight 40")
    served = wait(lambda: get() == 200)
    print("before:", slot(), "answers", get())
    open("state", "w").write(ask("show servers state").rstrip("\n") + "\n")
    before = pid()
    second = start("-sf", str(first.pid))
    assert wait(lambda: pid() != before), "no new process"
    first.wait(10)
    # Its checks have had the time to call up whatever answers.
    time.sleep(1)
    after, answer = slot(), get()
    print("after: ", after, "answers", answer)
    lost = after["address"] == "0.0.0.0" and after["weight"] == "40" and after["port"] == str(web.server_address[1])
    ready = int(after["administration"]) & 0x23 == 0
    sys.exit(0 if served and lost and ready and answer == 503 else 1)
finally:
    for process in (first, second):
        if process and process.poll() is None: process.send_signal(signal.SIGTERM)
PYTHON
