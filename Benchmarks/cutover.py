#!/usr/bin/env python3
"""Cuts 1,000 backends of four servers over on two real HAProxies: how long each rz takes for it, side by side.

Everything starts afresh for each run, and the builds take turns. The figures worth quoting are the ratios to the first one.

    python3 Benchmarks/cutover.py --rz OLD --rz NEW [--backends 1000] [--rounds 3]
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from datetime import datetime

from loopback import free_ports, wait

ROOT = pathlib.Path(__file__).resolve().parent.parent
EDGES = ["edge-1", "edge-2"]
STEPS = [10, 50, 100]
BAKE = 1


def request(method, host, port, path, body=None):
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection(host, port, timeout=5)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    return None, None


def ask(path, command):
    """One command of an admin socket."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as admin:
        admin.settimeout(5)
        admin.connect(path)
        admin.sendall(command.encode() + b"\n")
        answer = b""
        while piece := admin.recv(65536):
            answer += piece
        return answer.decode()
    return ""


class Site:
    """Two HAProxies, what answers behind them, and a scheduler of each color with one app."""

    def __init__(self, rz, backends):
        self.rz, self.backends = rz, backends
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rz-cutover-", dir="/tmp"))
        self.users, self.servers, self.marathon = free_ports(3)
        self.programs = []
        self.variables = dict(
            os.environ, RZ_HOME=f"{self.folder}/home", RZ_ROOT=f"{self.folder}/root", NO_COLOR="1")

    def __enter__(self):
        try:
            self.build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def build(self):
        for name in ["home", "root/environments/big", "root/runbooks", "agents/blue-1/etc", "agents/green-1/etc"]:
            (self.folder / name).mkdir(parents=True)
        self.write("servers.cfg", self.responder())
        self.start("haproxy", "-db", "-f", f"{self.folder}/servers.cfg")
        wait("the servers answer", self.answers)
        for edge in EDGES:
            self.write(f"{edge}.map", "epoch 0\nepoch-big 0\n")
            self.write(f"{edge}.state", "1\n")
            self.write(f"{edge}.cfg", self.haproxy(edge))
            self.start("haproxy", "-db", "-f", f"{self.folder}/{edge}.cfg")
        self.write("root/environments/big/environment.yaml", self.environment())
        shutil.copy(ROOT / "runbooks/rz-update.yaml", self.folder / "root/runbooks")
        for number, color in enumerate(["blue", "green"], start=11):
            self.write(f"agents/{color}-1/server.json", json.dumps({"color": color}))
            self.write(f"agents/{color}-1/etc/agent.json", json.dumps({
                "hostname": f"127.0.{number}.1",
                "resources": {"cpus": 4, "mem": 4096, "disk": 100, "ports": "31000-31100"}}))
            self.write(f"{color}.json", json.dumps({
                "address": f"127.0.{number}.200", "port": self.marathon, "color": color,
                "stateFile": f"{self.folder}/{color}-state.json", "serversDirectory": f"{self.folder}/agents",
                "log": f"{self.folder}/{color}.jsonl"}))
            self.start(self.rz, "sandbox", "scheduler", "--config", f"{self.folder}/{color}.json")
        app = {"id": "/service", "cmd": "exec sleep 100000", "instances": 1, "cpus": 0.1, "mem": 16}
        wait("the scheduler takes an app", lambda: request(
            "POST", "127.0.11.200", self.marathon, "/v2/apps", json.dumps(app))[0] in (201, 409))
        wait("it runs", lambda: (request("GET", "127.0.11.200", self.marathon, "/v2/apps//service")[1] or {}).get(
            "app", {}).get("tasksRunning") == 1)
        for edge in EDGES:
            wait(f"{edge} has checked its servers", lambda: self.is_checked(edge))

    def __exit__(self, *_):
        for program in reversed(self.programs):
            program.terminate()
        for program in self.programs:
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(10)
            program.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def answers(self):
        for address in [f"127.0.{net}.{n}" for net in (11, 12) for n in (1, 2)]:
            with socket.socket() as probe:
                if probe.connect_ex((address, self.servers)) != 0:
                    return False
        return True

    def is_checked(self, edge):
        """Each server is up by a check that passed: column check_status of `show stat`."""
        rows = ask(f"{self.folder}/{edge}.sock", "show stat").splitlines()
        if not rows:
            return False
        names = rows[0].lstrip("# ").split(",")
        status = names.index("check_status")
        servers = [row.split(",") for row in rows[1:] if row.startswith("be_")]
        servers = [row for row in servers if row[1] not in ("BACKEND", "FRONTEND")]
        return len(servers) == 4 * self.backends and all(row[status] == "L7OK" for row in servers)

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def start(self, *command):
        log = open(self.folder / "programs.log", "ab")
        self.programs.append(subprocess.Popen(command, stdout=log, stderr=log, env=self.variables, cwd=self.folder))

    def responder(self):
        binds = "\n".join(f"    bind 127.0.{color}.{n}:{self.servers}" for color in (11, 12) for n in (1, 2))
        return (
            "global\n    maxconn 4000\ndefaults\n    mode http\n    timeout client 30s\n    timeout server 30s\n"
            f"    timeout connect 1s\nfrontend all\n{binds}\n    http-request return status 200\n")

    def haproxy(self, edge):
        text = f"""global
    maxconn 4000
    nbthread 1
    spread-checks 50
    server-state-file {self.folder}/{edge}.state
    stats socket unix@{self.folder}/{edge}.sock mode 600 level admin
defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 30s
    timeout check 2s
    balance roundrobin
    option httpchk GET /health
    load-server-state-from-file global
    default-server check inter 20s fastinter 1s rise 1 fall 2
frontend users
    bind 127.0.10.{EDGES.index(edge) + 1}:{self.users}
    http-request set-var(txn.epoch) str(epoch),map_str({self.folder}/{edge}.map,0)
    default_backend be_0
"""
        for number in range(self.backends):
            text += f"backend be_{number}\n"
            for color, net, weight in (("blue", 11, 100), ("green", 12, 0)):
                for n in (1, 2):
                    text += f"    server {color}-{n} 127.0.{net}.{n}:{self.servers} weight {weight}\n"
        return text

    def environment(self):
        def hosts(color, net):
            agents = ", ".join(f"{{ name: {color}-{n}, address: 127.0.{net}.{n} }}" for n in (1, 2))
            control = f'{{ name: {color}-control, address: 127.0.{net}.200, marathon: "{self.marathon}" }}'
            return f"      {color}:\n        control: [ {control} ]\n        agent: [ {agents} ]\n"

        text = (
            "apiVersion: rz/v1\nname: big\nrunbook: rz-update\ngit: { requireClean: false }\nprovision:\n"
            f"  static:\n    servers:\n{hosts('blue', 11)}{hosts('green', 12)}"
            'services:\n  sources:\n    - marathon: { url: "http://{{ control[0].address }}:'
            '{{ control[0].marathon }}", group: / }\nloadBalancers:\n')
        for edge in EDGES:
            text += (
                f'  - name: {edge}\n    haproxy:\n      socket: "unix:{self.folder}/{edge}.sock"\n'
                f'      stateFile: "{self.folder}/{edge}.state"\n      epochMap: "{self.folder}/{edge}.map"\n')
        text += "traffic:\n"
        for number in range(self.backends):
            text += f'  - backend: be_{number}\n    servers: {{ blue: "blue-*", green: "green-*" }}\n'
        steps = ", ".join(f"{{ weight: {share}%, bake: {BAKE}s }}" for share in STEPS)
        return text + (
            "gates:\n  service: { healthy: { for: 300ms } }\n  cutOver:\n    interval: 500ms\n"
            f"    steps: [ {steps} ]\n    analysis: [ {{ haproxy: {{ errorRate: {{ max: 1% }}, whenIdle: ignore }} }} ]\n"
            "drain: { quiet: 1s, deadline: 60s, atDeadline: hold }\nsoak: 1s\n"
            "approvals: { tearDown: { waived: benchmark } }\n")


def update(site):
    """The events of one cutover."""
    command = [site.rz, "update", "big", "--yes", "--json", "--until", "cutOver"]
    done = subprocess.run(command, env=site.variables, cwd=site.folder, capture_output=True, text=True)
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if not any(event["type"] == "traffic.verified" for event in events):
        sys.exit(f"{site.rz} moved no traffic:\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}")
    return events


def instant(events, kind, **wanted):
    """When the first such event happened."""
    for event in events:
        if event["type"] == kind and all(event.get(key) == value for key, value in wanted.items()):
            return datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp()
    sys.exit(f"there was no {kind} {wanted}")


def cut_over(rz, backends):
    """Seconds that the new color took to be ready, and each share to be verified."""
    with Site(rz, backends) as site:
        events = update(site)
        ready = instant(events, "step.completed", step="cutOver/ready") - instant(
            events, "step.started", step="cutOver/ready")
        shifts = {}
        for share in STEPS:
            step = f"cutOver/shift-{share}%"
            started = instant(events, "step.started", step=step)
            shifts[share] = instant(events, "traffic.verified", share=f"{share}%") - started
            shifts[f"{share} with its bake"] = instant(events, "step.completed", step=step) - started
        return ready, shifts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rz", action="append", required=True, help="a build of rz; the first is what others are compared to")
    parser.add_argument("--backends", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    times = {rz: [] for rz in arguments.rz}
    for turn in range(arguments.rounds):
        for rz in arguments.rz:
            ready, shifts = cut_over(os.path.abspath(rz), arguments.backends)
            moved = sum(shifts[share] for share in STEPS)
            whole = ready + sum(shifts[f"{share} with its bake"] for share in STEPS)
            times[rz].append((ready, moved, whole))
            print(f"round {turn + 1}  {rz}: ready {ready:.2f} s, shifts {moved:.2f} s, cutover {whole:.2f} s", flush=True)
    print()
    first = [statistics.median(column) for column in zip(*times[arguments.rz[0]])]
    print(f"{arguments.backends} backends, medians of {arguments.rounds}: ready, shifts, whole cutover with its bakes")
    for rz, rows in times.items():
        medians = [statistics.median(column) for column in zip(*rows)]
        print(f"{rz}: " + ", ".join(f"{m:.2f} s = {m / f:.2f} ×" for m, f in zip(medians, first)))


if __name__ == "__main__":
    main()
