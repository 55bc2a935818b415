"""A site with users: several backends on two HAProxies that can be reloaded, each color in a process of its own."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time
from datetime import datetime

from datacentre import EDGES, NETS, Site, ask
from loopback import wait
from recorder import Recorder, parsed
from users import Users

WEIGHTS, SWITCH, REGISTERED = "weights", "switch", "registered"


class BusySite(Site):
    """
    - mode: how the users of a backend are moved: weights of servers that HAProxy lists, an entry of a map that chooses one
      of two backends, or weights of servers that rz adds.
    - bakes: how long each step is watched, in seconds.
    - intercepted: whether rz talks to the HAProxies through an `Interceptor`.
    """

    def __init__(self, rz, backends, mode=WEIGHTS, steps=(1, 10, 50, 100), bakes=None, intercepted=False, check="inter 1s"):
        super().__init__(rz, backends, steps)
        self.mode, self.bakes, self.check = mode, bakes or [3] * len(steps), check
        self.intercepted, self.interceptors, self.colors, self.edges = intercepted, {}, {}, {}

        self.listed = 2 if mode == REGISTERED else 4

    def build(self):
        super().build()
        if self.intercepted:
            for edge in EDGES:
                self.interceptors[edge] = Interceptor(f"{self.folder}/{edge}.rz.sock", self.socket(edge))

    def start_servers(self):
        for color in NETS:
            self.write(f"{color}.mode", "mode ok\n")
            self.write(f"{color}-servers.cfg", self.responder(color))
            self.colors[color] = self.start("haproxy", "-db", "-f", f"{self.folder}/{color}-servers.cfg")

    def start_edge(self, edge):
        """Master and worker, so that it can be reloaded."""
        self.edges[edge] = self.start(
            "haproxy", "-W", "-f", f"{self.folder}/{edge}.cfg", "-S", f"{self.folder}/{edge}-master.sock")

    # MARK: - Files

    def responder(self, color):
        binds = "\n".join(f"    bind 127.0.{NETS[color]}.{n}:{self.servers}" for n in (1, 2))
        return f"""global
    maxconn 8000
    nbthread 1
    stats socket unix@{self.folder}/{color}-servers.sock mode 600 level admin
defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 1s
frontend all
{binds}
    http-request return status 200 if {{ path /health }}
    http-request return status 500 if {{ str(mode),map_str({self.folder}/{color}.mode,ok) -m str sick }}
    http-request return status 200 content-type text/plain lf-string "{color} %[path,field(2,/)]\\n"
"""

    def haproxy(self, edge):
        backend = {
            WEIGHTS: "%[path,field(2,/)]", REGISTERED: "%[path,field(2,/)]",
            SWITCH: f"%[path,field(2,/)]_%[str(active),map_str({self.folder}/{edge}.map,blue)]"}[self.mode]
        text = f"""global
    maxconn 4000
    nbthread 1
    server-state-file {self.folder}/{edge}.state
    stats socket unix@{self.socket(edge)} mode 600 level admin expose-fd listeners
    stats timeout 30s
defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 30s
    timeout check 1s
    timeout queue 1s
    retries 3
    option redispatch 1
    balance roundrobin
    option httpchk GET /health
    load-server-state-from-file global
    default-server check {self.check} fastinter 200ms rise 1 fall 2
frontend users
    bind {self.address(edge)}
    option idle-close-on-response
    http-request set-var(txn.epoch) str(epoch),map_str({self.folder}/{edge}.map,0)
    use_backend {backend}
"""
        for number in range(self.backends):
            blue, green = self.server_lines("blue"), self.server_lines("green")
            if self.mode == SWITCH:
                text += f"backend be_{number}_blue\n{blue(100)}backend be_{number}_green\n{green(100)}"
            elif self.mode == REGISTERED:
                name = f"be_{number}"
                text += f"backend {name}\n    # rz: servers of {name}\n{blue(100)}    # rz: end of servers of {name}\n"
            else:
                text += f"backend be_{number}\n{blue(100)}{green(0)}"
        return text

    def server_lines(self, color):
        return lambda weight: "".join(
            f"    server {color}-{n} 127.0.{NETS[color]}.{n}:{self.servers} weight {weight}\n" for n in (1, 2))

    def environment(self):
        text = super().environment()
        head, rest = text.split("loadBalancers:\n")
        head += "loadBalancers:\n"
        for edge in EDGES:
            head += f"  - name: {edge}\n    haproxy:\n"
            head += f'      socket: "unix:{self.folder}/{edge}{".rz" if self.intercepted else ""}.sock"\n'
            head += f'      stateFile: "{self.folder}/{edge}.state"\n      epochMap: "{self.folder}/{edge}.map"\n'
            head += f'      master: "unix:{self.folder}/{edge}-master.sock"\n'
            if self.mode == REGISTERED:
                head += f'      configuration: "{self.folder}/{edge}.cfg"\n'
        head += "traffic:\n" + "".join(self.rule(number) for number in range(self.backends))
        steps = ", ".join(f"{{ weight: {share}%, bake: {bake}s }}" for share, bake in zip(self.steps, self.bakes))
        gates, after = rest[rest.index("gates:"):].split("    steps: [")
        return head + gates + f"    steps: [ {steps} ]\n" + after[after.index("\n") + 1:]

    def rule(self, number):
        if self.mode == SWITCH:
            return "".join(
                f"  - backend: be_{number}-{edge}\n    loadBalancers: [{edge}]\n    switch:\n"
                f"      map: {self.folder}/{edge}.map\n      key: active\n"
                f"      backends: {{ blue: be_{number}_blue, green: be_{number}_green }}\n"
                "      values: { blue: blue, green: green }\n" for edge in EDGES)
        if self.mode == REGISTERED:
            def servers(color):
                return f'{{ from: agent, port: {self.servers}, name: "{{{{ name }}}}", matches: "{color}-*" }}'
            return f"  - backend: be_{number}\n    servers: {{ blue: {servers('blue')}, green: {servers('green')} }}\n"
        return f'  - backend: be_{number}\n    servers: {{ blue: "blue-*", green: "green-*" }}\n'

    def maps(self):
        return "epoch 0\nepoch-big 0\n" + ("active blue\n" if self.mode == SWITCH else "")

    def runbook(self):
        """The shipped one. The old color's servers go where a `destroy` of Terraform would take them down."""
        text = super().runbook()
        place = text.index("      - { id: destroy,")
        power_off = (
            "      - id: power-off\n        exec:\n"
            f"          command: [ /bin/kill, -TERM, \"{self.colors['blue'].pid}\" ]\n          affects: old\n"
            "        timeout: 10s\n")
        return text[:place] + power_off + text[place:]

    # MARK: - Acting

    def socket(self, edge):
        return f"{self.folder}/{edge}.sock"

    def address(self, edge):
        return f"127.0.10.{EDGES.index(edge) + 1}:{self.users}"

    def ask(self, edge, command):
        return ask(self.socket(edge), command)

    def reading(self, edge):
        now = time.time()
        return parsed(self.ask(edge, "show servers state").encode(), now, now)

    def worker(self, edge):
        for line in self.ask(edge, "show info").splitlines():
            if line.startswith("Pid:"):
                return int(line.split()[1])
        return None

    def reload(self, edge, is_awaited=True):
        before = self.worker(edge)
        os.kill(self.edges[edge].pid, signal.SIGUSR2)
        if is_awaited:
            wait(f"{edge} has reloaded", lambda: self.worker(edge) not in (None, before), 20)

    def make_sick(self, color):
        answer = ask(f"{self.folder}/{color}-servers.sock", f"set map {self.folder}/{color}.mode mode sick")
        assert answer == "\n", answer

    def load(self, rate, edges=EDGES):
        return Users(self, [self.address(edge) for edge in edges], self.backends, rate)

    def recorder(self, pause=0.001, edges=EDGES):
        switches = {edge: (f"{self.folder}/{edge}.map", "active") for edge in edges} if self.mode == SWITCH else None
        return Recorder({edge: self.socket(edge) for edge in edges}, switches, pause)

    def run(self, *arguments):
        return Run(self, *arguments)


class Run:
    """One call of rz, whose events can be waited for."""

    def __init__(self, site, *arguments):
        self.events, self.other, self.arrived = [], [], threading.Condition()
        self.program = subprocess.Popen(
            [site.rz, *arguments], env=site.variables, cwd=site.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True)
        site.programs.append(self.program)
        self.readers = [
            threading.Thread(target=self.read, args=(stream,), daemon=True)
            for stream in (self.program.stdout, self.program.stderr)]
        for reader in self.readers:
            reader.start()

    def read(self, stream):
        for line in stream:
            with self.arrived:
                if line.startswith("{"):
                    self.events.append(json.loads(line))
                else:
                    self.other.append(line)
                self.arrived.notify_all()

    def find(self, kind, **wanted):
        for event in self.events:
            if event["type"] == kind and all(event.get(key) == value for key, value in wanted.items()):
                return event
        return None

    def wait_for(self, kind, seconds=120, **wanted):
        with self.arrived:
            self.arrived.wait_for(lambda: self.find(kind, **wanted) or self.program.poll() is not None, seconds)
            event = self.find(kind, **wanted)
        if not event:
            raise Unexpected(f"rz reported no {kind} {wanted}:\n{self.tail}")
        return event

    def end(self, *codes, seconds=300):
        """Waits for its end, which must be one of these exit codes."""
        try:
            code = self.program.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Unexpected(f"rz does not end:\n{self.tail}") from None
        for reader in self.readers:
            reader.join(10)
        if code not in codes:
            raise Unexpected(f"rz ended with {code}:\n{self.tail}")
        return code

    @property
    def tail(self):
        events = [json.dumps(event)[:500] for event in self.events if event["type"] != "traffic.sampled"]
        return "\n".join(events[-12:]) + "\n" + "".join(self.other[-40:])


class Unexpected(Exception):
    """What makes a scenario worthless."""


def seconds(event):
    """When an event happened, since 1970."""
    return datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp()


class Interceptor:
    """Stands between rz and one HAProxy's socket. `before`, a function of a line, is called before the line goes on;
    the line is lost if it returns False."""

    def __init__(self, path, target):
        self.target, self.before = target, None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with contextlib.suppress(OSError), client, socket.socket(socket.AF_UNIX) as server:
            server.connect(self.target)
            threading.Thread(target=self.answer, args=(server, client), daemon=True).start()
            try:
                rest = b""
                while piece := client.recv(1 << 16):
                    *lines, rest = (rest + piece).split(b"\n")
                    for line in lines:
                        if self.before and self.before(line.decode()) is False:
                            return
                        server.sendall(line + b"\n")
            finally:
                # HAProxy serves ten connections at a time, and closing this one does not end what `answer` waits for.
                server.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def answer(server, client):
        with contextlib.suppress(OSError):
            while piece := server.recv(1 << 18):
                client.sendall(piece)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
