#!/usr/bin/env bash
# HAProxy 2.6: while requests wait in a backend's queue, servers raised from weight 0 get none of them, nor any new one.
#
# Two servers, a with `maxconn 1` and b at weight 0. Requests wait for a; then b gets weight 100 and a gets 0, as in any
# cutover by weights. b is up, idle and the only one with weight. Seen on 2.6.12 (Debian 12): b gets no request; all
# waiting and all later requests wait, and get 503 after `timeout queue`. It ends when b leaves maintenance once
# (`set server … state maint`, then `ready`). Expected: b is free, so it takes the waiting requests, or at least new ones.
#
# Needs python3 and apt-get; touches 127.0.0.1 only. Exits with 0 while the bug exists, with 1 once it is fixed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq haproxy=2.6.12-1+deb12u4 2>/dev/null || apt-get download -qq haproxy
dpkg -x haproxy_*.deb tree
python3 - "$folder/tree/usr/sbin/haproxy" <<'PYTHON'
import http.client, http.server, os, signal, socket, subprocess, sys, threading, time
haproxy = sys.argv[1]
print(subprocess.run([haproxy, "-v"], capture_output=True, text=True).stdout.splitlines()[0])
served = {"a": 0, "b": 0}
def server(name, seconds):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            served[name] += 1
            time.sleep(seconds)
            self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
        def log_message(self, *_): pass
    it = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=it.serve_forever, daemon=True).start()
    return it.server_address[1]
a, b = server("a", 30), server("b", 0)
with socket.socket() as s:
    s.bind(("127.0.0.1", 0)); front = s.getsockname()[1]
open("h.cfg", "w").write(f"""
global
  stats socket {os.getcwd()}/s mode 600 level admin
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  timeout queue 3s
frontend f
  bind 127.0.0.1:{front}
  default_backend be
backend be
  server a 127.0.0.1:{a} weight 100 maxconn 1
  server b 127.0.0.1:{b} weight 0
""")
process = subprocess.Popen([haproxy, "-db", "-f", "h.cfg"], stderr=subprocess.DEVNULL)
def ask(command):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect("s"); s.sendall(command.encode() + b"\n"); return s.makefile().read()
def get(answers):
    c = http.client.HTTPConnection("127.0.0.1", front, timeout=20)
    try: c.request("GET", "/"); answers.append(c.getresponse().status)
    except OSError: answers.append(None)
def many(count):
    answers, threads = [], []
    for _ in range(count):
        t = threading.Thread(target=get, args=(answers,), daemon=True); t.start(); threads.append(t)
    return answers, threads
try:
    end = time.time() + 10
    while not os.path.exists("s") and time.time() < end: time.sleep(0.05)
    many(6)                                     # one is served by a, five wait
    queued = lambda: next(l for l in ask("show stat").splitlines() if l.startswith("be,BACKEND")).split(",")[2]
    while queued() != "5" and time.time() < end: time.sleep(0.05)
    ask("set server be/b weight 100"); ask("set server be/a weight 0")
    answers, threads = many(4)                  # whoever comes now
    for t in threads: t.join(15)
    print(f"{queued()} wait, after the change: answers {answers}, served by b: {served['b']}")
    stuck = answers == [503] * 4 and served["b"] == 0
    many(6); time.sleep(0.5)
    ask("set server be/b state maint"); ask("set server be/b state ready")
    end = time.time() + 5
    while served["b"] == 0 and time.time() < end: time.sleep(0.05)
    print(f"after b left maintenance once, served by b: {served['b']}")
    sys.exit(0 if stuck and served["b"] > 0 else 1)
finally:
    process.send_signal(signal.SIGTERM)
PYTHON
