#!/usr/bin/env python3
"""Reads every weight and state of HAProxies up to a thousand times a second, and says when users had less than before.

Each HAProxy is read over one connection to its stats socket, which is opened afresh every 50 ms: after a reload it would go
on showing the process from before. The serving capacity of a backend is the sum of the weights of its servers that are
running and ready; that of a backend which a map's entry chooses (`--switch FILE KEY`, backends NAME_VALUE) is the chosen
one's. What it was in the first reading is the least that it may be.

    python3 Benchmarks/recorder.py --for 60 edge-1=/run/haproxy-1.sock edge-2=/run/haproxy-2.sock

Exits with 1 if there was an instant with less.
"""

import argparse
import collections
import contextlib
import re
import signal
import socket
import sys
import threading
import time
from typing import NamedTuple

REOPENED = 0.05
RUNNING = "2"
READY = "0"


class Reading(NamedTuple):
    time: float       # seconds since 1970, when the answer was complete
    began: float      # when it was asked for
    servers: dict     # backend → [(server, weight, serves)]
    chosen: str       # the value of the map's entry, "" without one

    def capacity(self):
        """By backend; of a switched one by the name before its color."""
        sums = {}
        for backend, servers in self.servers.items():
            name, _, value = backend.rpartition("_")
            if self.chosen and value != self.chosen:
                continue
            sums[name if self.chosen else backend] = sum(weight for _, weight, serves in servers if serves)
        return sums

    def serving(self, color):
        """Whether a server of a color gets users."""
        return any(
            serves and weight > 0 and name.startswith(color)
            for backend, servers in self.servers.items() if not self.chosen or backend.endswith("_" + self.chosen)
            for name, weight, serves in servers)


class Watch:
    """One HAProxy, read by a thread of its own."""

    def __init__(self, name, path, switch=None, pause=0.001):
        self.name, self.path, self.pause = name, path, pause
        self.questions = ["show servers state"] + ([f"get map {switch[0]} {switch[1]}"] if switch else [])
        self.readings = []        # those that differ from the one before
        self.count, self.longest_gap, self.pieces = 0, 0.0, []
        self.ends = False
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        before, last, self.began = None, None, time.time()
        while not self.ends:
            with contextlib.suppress(OSError, EOFError), socket.socket(socket.AF_UNIX) as admin:
                admin.settimeout(2)
                admin.connect(self.path)
                self.ask(admin, "prompt")
                until = time.monotonic() + REOPENED
                while not self.ends and time.monotonic() < until:
                    due = time.monotonic() + self.pause
                    began = time.time()
                    answer = self.ask(admin, *self.questions)
                    now = time.time()
                    self.count += 1
                    if last:
                        self.longest_gap = max(self.longest_gap, now - last)
                    last = now
                    if answer != before:
                        before = answer
                        reading = parsed(answer, began, now)
                        if reading:
                            self.readings.append(reading)
                    time.sleep(max(0, due - time.monotonic()))
                continue
            time.sleep(self.pause)
        self.ended = time.time()

    def ask(self, admin, *commands):
        """What is answered to commands, one after the other: a prompt stands behind each answer."""
        answers = []
        for command in commands:
            admin.sendall(command.encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n> "):
                piece = admin.recv(1 << 18)
                if not piece:
                    raise EOFError
                answer += piece
            answers.append(answer)
        return b"".join(answers)

    @property
    def rate(self):
        return self.count / (self.ended - self.began)


def parsed(answer, began, now):
    """None for what is no whole answer, as of a process that ends."""
    servers, chosen = collections.defaultdict(list), ""
    for line in answer.decode().splitlines():
        fields = line.split(" ")
        if len(fields) > 20 and fields[0].isdigit():
            serves = fields[5] == RUNNING and fields[6] == READY
            servers[fields[1]].append((fields[3], int(fields[7]), serves))
        elif found := re.search(r'found=yes.*value="([^"]*)"', line):
            chosen = found.group(1)
    return Reading(now, began, dict(servers), chosen) if servers else None


class Recorder:
    """Reads in a `with`."""

    def __init__(self, sockets, switches=None, pause=0.001):
        """
        - sockets: by the name of the HAProxy.
        - switches: by the same, the file and the key of the map's entry that chooses.
        """
        self.watches = [Watch(name, path, (switches or {}).get(name), pause) for name, path in sockets.items()]

    def __enter__(self):
        for watch in self.watches:
            watch.thread.start()
        return self

    def __exit__(self, *_):
        for watch in self.watches:
            watch.ends = True
        for watch in self.watches:
            watch.thread.join()

    def lowest(self):
        """The instant with the least capacity as a part of that of the first reading: part, watch, backend, reading."""
        worst = None
        for watch in self.watches:
            first = watch.readings[0].capacity() if watch.readings else {}
            for reading in watch.readings:
                sums = reading.capacity()
                for backend, full in first.items():
                    part = sums.get(backend, 0) / full if full else 1
                    if worst is None or part < worst[0]:
                        worst = (part, watch, backend, reading)
        return worst

    def report(self, out=sys.stdout):
        """Says what was seen; whether capacity was never below the first reading's."""
        for watch in self.watches:
            print(
                f"  {watch.name}: {watch.count} readings, {watch.rate:.0f} a second, longest gap "
                f"{watch.longest_gap * 1e3:.1f} ms", file=out)
        worst = self.lowest()
        if not worst:
            print("  nothing was read", file=out)
            return False
        part, watch, backend, reading = worst
        print(f"  least capacity: {part:.1%} of what the live side had", file=out)
        if part >= 1:
            return True
        place = watch.readings.index(reading)
        print(f"  {watch.name}/{backend} at {clock(reading.time)}:", file=out)
        for one in watch.readings[max(0, place - 2):place + 3]:
            servers = [
                f"{name}={weight}{'' if serves else ' (does not serve)'}"
                for key, all_of_it in one.servers.items() if key == backend or key.rpartition("_")[0] == backend
                for name, weight, serves in all_of_it]
            print(f"    {clock(one.time)}  {one.chosen} {', '.join(servers)}", file=out)
        return False


def clock(seconds):
    return time.strftime("%H:%M:%S", time.localtime(seconds)) + f"{seconds % 1:.4f}"[1:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sockets", nargs="+", metavar="NAME=PATH")
    parser.add_argument("--for", dest="seconds", type=float, help="without it until SIGINT or SIGTERM")
    parser.add_argument("--switch", nargs=2, metavar=("FILE", "KEY"), help="the map's entry that chooses backends")
    arguments = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    sockets = dict(one.split("=", 1) for one in arguments.sockets)
    with Recorder(sockets, {name: arguments.switch for name in sockets} if arguments.switch else None) as recorder:
        ended.wait(arguments.seconds)
    sys.exit(0 if recorder.report() else 1)


if __name__ == "__main__":
    main()
