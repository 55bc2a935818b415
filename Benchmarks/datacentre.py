"""Two real HAProxies, what answers behind them, and a scheduler of each color with one app: what rz moves in benchmarks."""

import contextlib
import ctypes
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile

from loopback import free_ports, wait

ROOT = pathlib.Path(__file__).resolve().parent.parent
EDGES = ["edge-1", "edge-2"]
NETS = {"blue": 11, "green": 12}


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
    """Begins and ends with a `with`; ends with this process, too, also when that is killed.

    - steps: the shares of the cutover, in percent.
    - bake: how long each is watched, in seconds.
    """

    listed = 4  # servers of each backend

    def __init__(self, rz, backends, steps=(10, 50, 100), bake=1):
        self.rz, self.backends, self.steps, self.bake = rz, backends, steps, bake
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
        # Its input ends with this process, whatever ends that.
        self.broom = subprocess.Popen(
            ["sh", "-c", 'cat; sleep 1; for f in "$0"/agents/*/run/*.pid; do read -r p <"$f" && kill -KILL -- "-$p"; done; '
             'rm -rf "$0"', str(self.folder)], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
        for name in ["home", "root/environments/big", "root/runbooks", "agents/blue-1/etc", "agents/green-1/etc"]:
            (self.folder / name).mkdir(parents=True)
        self.start_servers()
        wait("the servers answer", self.answers)
        for edge in EDGES:
            self.write(f"{edge}.map", self.maps())
            self.write(f"{edge}.state", "1\n")
            self.write(f"{edge}.cfg", self.haproxy(edge))
            self.start_edge(edge)
        self.write("root/environments/big/environment.yaml", self.environment())
        self.write("root/runbooks/rz-update.yaml", self.runbook())
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
        self.broom.stdin.close()
        self.broom.wait()

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
        return len(servers) == self.listed * self.backends and all(row[status] == "L7OK" for row in servers)

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def start(self, *command):
        parent = os.getpid()

        def end_with_parent():
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)

        with open(self.folder / "programs.log", "ab") as log:
            program = subprocess.Popen(
                command, stdout=log, stderr=log, env=self.variables, cwd=self.folder, preexec_fn=end_with_parent)
        self.programs.append(program)
        return program

    def start_servers(self):
        self.write("servers.cfg", self.responder())
        self.start("haproxy", "-db", "-f", f"{self.folder}/servers.cfg")

    def start_edge(self, edge):
        self.start("haproxy", "-db", "-f", f"{self.folder}/{edge}.cfg")

    def runbook(self):
        return (ROOT / "runbooks/rz-update.yaml").read_text()

    def maps(self):
        return "epoch 0\nepoch-big 0\n"

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
        steps = ", ".join(f"{{ weight: {share}%, bake: {self.bake}s }}" for share in self.steps)
        return text + (
            "gates:\n  service: { healthy: { for: 300ms } }\n  cutOver:\n    interval: 500ms\n"
            f"    steps: [ {steps} ]\n    analysis: [ {{ haproxy: {{ errorRate: {{ max: 1% }}, whenIdle: ignore }} }} ]\n"
            "drain: { quiet: 1s, deadline: 60s, atDeadline: hold }\nsoak: 1s\n"
            "approvals: { tearDown: { waived: benchmark } }\n")
