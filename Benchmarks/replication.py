#!/usr/bin/env python3
"""Plans and replicates 2,000 apps in 40 nested groups, beside a plain client that makes the same POSTs.

Blue and green are two schedulers of the sandbox with real processes behind each app. Both clients talk to schedulers that
start empty, one after the other, on the same machine; the figures worth quoting are the ratios of one run.

    python3 Benchmarks/replication.py --rz .build/release/rz [--apps 2000]
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from loopback import free_ports, wait

ROOT = pathlib.Path(__file__).resolve().parent.parent
GROUPS = 40
# Each color stands at addresses of its own.
NETS = {"blue": "127.0.11", "green": "127.0.12", "plain": "127.0.13"}


def definitions(count):
    """Apps in the order of their dependencies: each needs the first of its group, which needs that of the group before."""
    apps = []
    for index in range(GROUPS):
        group = f"/area-{index // 8}/team-{index % 8}"
        previous = f"/area-{(index - 1) // 8}/team-{(index - 1) % 8}/app-0"
        for number in range(count // GROUPS):
            needs = [f"{group}/app-0"] if number else [previous] if index else []
            apps.append({
                "id": f"{group}/app-{number}", "cmd": "exec sleep infinity", "cpus": 0.01, "mem": 8, "instances": 1,
                "env": {f"SETTING_{key}": f"value {key} of {number}" for key in range(20)},
                "labels": {"team": group, "HAPROXY_GROUP": "external"},
                "dependencies": needs,
                "portDefinitions": [{"port": 10000 + index * 100 + number, "protocol": "tcp", "name": "http"}],
            })
    return apps


class Marathon:
    """A scheduler with four large agents, in a process of its own."""

    def __init__(self, rz, folder, color, port):
        self.address, self.port = f"{NETS[color]}.200", port
        home = folder / f"{color}-{port}"
        for number in range(4):
            server = home / "servers" / f"{color}-agent-{number}"
            (server / "etc").mkdir(parents=True)
            (server / "server.json").write_text(json.dumps({"color": color}))
            (server / "etc" / "agent.json").write_text(json.dumps({
                "hostname": f"{NETS[color]}.{number + 1}", "attributes": {"rack": f"r{number}"},
                "resources": {"cpus": 64, "mem": 262144, "disk": 1e6,
                              "ports": f"{33000 + number * 5000}-{37999 + number * 5000}"}}))
        config = home / "scheduler.json"
        config.write_text(json.dumps({
            "address": self.address, "port": port, "color": color, "stateFile": str(home / "data/state.json"),
            "serversDirectory": str(home / "servers"), "log": str(home / "log/scheduler.jsonl")}))
        self.home = home
        self.process = subprocess.Popen([rz, "sandbox", "scheduler", "--config", str(config)])
        wait(f"the scheduler of {color} answers", lambda: self.get("/ping") is not None)

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.address, self.port, timeout=300)
        with contextlib.closing(connection):
            connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()

    def get(self, path):
        with contextlib.suppress(OSError):
            status, body = self.call("GET", path)
            if status == 200:
                return body
        return None

    def running(self):
        """How many apps have their task."""
        return sum(app["tasksRunning"] for app in json.loads(self.get("/v2/apps?embed=apps.counts"))["apps"])

    def end(self):
        self.process.kill()
        self.process.wait()
        for file in self.home.glob("servers/*/run/*.pid"):
            with contextlib.suppress(OSError, ValueError):
                os.killpg(int(file.read_text()), 9)


def client(port, count):
    """The plain client: every definition by a POST of its own, in order, over one connection, then waits."""
    import requests
    began = time.monotonic()
    session = requests.Session()
    for app in definitions(count):
        while True:
            answer = session.post(f"http://{NETS['plain']}.200:{port}/v2/apps", json=app)
            if answer.status_code not in (403, 409):
                break
            time.sleep(0.05)
        answer.raise_for_status()
    posted = time.monotonic() - began
    while True:
        apps = session.get(f"http://{NETS['plain']}.200:{port}/v2/apps?embed=apps.counts").json()["apps"]
        if sum(app["tasksRunning"] for app in apps) == count:
            break
        time.sleep(0.2)
    print(json.dumps({"posted": posted, "ready": time.monotonic() - began}))


def measured(arguments, **options):
    """Runs a program; gives its output, seconds and the most memory it had, in MB."""
    began = time.monotonic()
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, **options)
    output = []
    reader = threading.Thread(target=lambda: output.append(process.stdout.read()))
    reader.start()
    _, status, usage = os.wait4(process.pid, 0)
    reader.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, output[0], time.monotonic() - began, usage.ru_maxrss / 1024


def environment(folder, blue, green):
    """An environment of fixed servers, and a load balancer of its own that nobody uses."""
    place = folder / "environments" / "large"
    place.mkdir(parents=True)
    shutil.copytree(ROOT / "runbooks", folder / "runbooks")
    web = free_ports(3)

    def servers(color, port):
        return (f"      {color}:\n"
                f"        control: [ {{ name: {color}-control, address: {NETS[color]}.200, marathon: \"{port}\" }} ]\n"
                f"        web: [ {{ name: {color}-1, address: {NETS[color]}.1 }} ]\n")

    (place / "environment.yaml").write_text(f"""apiVersion: rz/v1
name: large
runbook: rz-update
git: {{ requireClean: false, requireSigned: false }}
provision:
  static:
    servers:
{servers("blue", blue)}{servers("green", green)}
services:
  sources:
    - marathon: {{ url: "http://{{{{ control[0].address }}}}:{{{{ control[0].marathon }}}}" }}
loadBalancers:
  - name: edge
    haproxy: {{ socket: "unix:{folder}/admin.sock", stateFile: {{ none: "a benchmark ends before it" }} }}
traffic:
  - backend: be_web
    servers: {{ blue: "blue-*", green: "green-*" }}
gates:
  service: {{ healthy: {{ for: 1s }} }}
  cutOver: {{ steps: [ {{ weight: 100%, bake: 1s }} ] }}
drain: {{ quiet: 1s, deadline: 60s, atDeadline: hold }}
soak: 1s
approvals: {{ cutOver: 0, tearDown: {{ waived: "a benchmark" }} }}
""")
    (folder / "haproxy.cfg").write_text(f"""global
    stats socket {folder}/admin.sock mode 600 level admin
defaults
    mode http
    timeout connect 2s
    timeout client 10s
    timeout server 10s
frontend users
    bind 127.0.0.1:{web[0]}
    default_backend be_web
backend be_web
    server blue-1 {NETS["blue"]}.1:{web[1]} weight 100
    server green-1 {NETS["green"]}.1:{web[2]} weight 0
""")
    path = "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin:/bin"
    haproxy = subprocess.Popen(["haproxy", "-db", "-f", str(folder / "haproxy.cfg")], env={"PATH": path},
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait("HAProxy runs", lambda: (folder / "admin.sock").exists())
    return haproxy


def replicated(output):
    """Seconds of the phase, by the events that rz told."""
    from datetime import datetime
    events = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    times = [datetime.fromisoformat(event["time"].replace("Z", "+00:00")) for event in events]
    begin = next(at for at, event in zip(times, events)
                 if event["type"] == "phase.entered" and event["phase"] == "replicate")
    return (times[-1] - begin).total_seconds()


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rz", default=str(ROOT / ".build/release/rz"))
    options.add_argument("--apps", type=int, default=2000)
    options.add_argument("--client", type=int, metavar="PORT", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.client:
        return client(chosen.client, chosen.apps)
    # A task is a process, and each has a few files open in its scheduler.
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rz-bench-"))
    variables = dict(os.environ, RZ_HOME=str(folder / "home"), RZ_ROOT=str(folder), NO_COLOR="1")
    ports, schedulers, haproxy = free_ports(3), [], None
    rows = []
    try:
        blue = Marathon(chosen.rz, folder, "blue", ports[0])
        schedulers.append(blue)
        status, body = blue.call("PUT", "/v2/apps", definitions(chosen.apps))
        if status not in (200, 201):
            sys.exit(f"blue took no apps: {status} {body[:500]}")
        wait("blue runs every app", lambda: blue.running() == chosen.apps)

        plain = Marathon(chosen.rz, folder, "plain", ports[1])
        schedulers.append(plain)
        python = ROOT / ".venv-clients/bin/python"
        status, output, seconds, memory = measured(
            [str(python), __file__, "--client", str(plain.port), "--apps", str(chosen.apps)])
        if status != 0:
            sys.exit("the plain client failed")
        rows.append(("plain client: POST each, wait", json.loads(output)["ready"], memory))
        plain.end()

        green = Marathon(chosen.rz, folder, "green", ports[2])
        schedulers.append(green)
        haproxy = environment(folder, blue.port, green.port)
        status, output, seconds, memory = measured([chosen.rz, "plan", "large", "-o", str(folder / "plan")], env=variables)
        if status != 2:  # there is something to do
            sys.exit(f"rz plan failed:\n{output[-3000:]}")
        rows.append(("rz plan", seconds, memory))
        status, output, seconds, memory = measured(
            [chosen.rz, "update", "--plan", str(folder / "plan"), "--yes", "--json", "--until", "replicate"],
            env=variables)
        if status != 3 or green.running() != chosen.apps:
            sys.exit(f"rz update ended with {status}:\n{output[-3000:]}")
        rows.append(("rz update, phase replicate", replicated(output), memory))
        rows.append(("rz update, all until replicate", seconds, memory))
    finally:
        if haproxy:
            haproxy.kill()
        for scheduler in schedulers:
            scheduler.end()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{chosen.apps} apps in {GROUPS} groups")
    base = rows[0]
    for name, seconds, memory in rows:
        print(f"  {name:32} {seconds:8.1f} s {seconds / base[1]:6.2f} ×   {memory:6.0f} MB {memory / base[2]:5.2f} ×")


if __name__ == "__main__":
    main()
