#!/usr/bin/env python3
"""Who notices a cutover: users with keep-alive connections on two real HAProxies, of whom each request is counted.

Each scenario has a site of its own, the same users all the time, and a recorder that reads each weight up to a thousand
times a second. rz moves the site in several ways and through several faults; beside that, in the same run, what people do
without it. A request fails if its user sees an error: no connection, a reset, a wrong status, a wrong body, or none in
time; nothing is asked twice. p99 is compared between the flips (from `traffic.intended` of rz's journal to a second after
`traffic.verified`) and the time before rz began and after it ended.

    python3 Benchmarks/loss.py --rz .build/release/rz [--rate 3000] [--requests 200000] [--only clean rollback]

Exits with 1 if a request of rz's users failed, or if users had less capacity behind them than before at any instant.
"""

import argparse
import contextlib
import os
import re
import signal
import sys
import threading
import time
import traceback

import ways
from busy import REGISTERED, SWITCH, BusySite, Unexpected, seconds
from datacentre import EDGES
from users import failures, percentile

AFTERWARDS = 1.0


class Lane:
    """What a scenario has, and what it says of it: when weights were changed."""

    def __init__(self, site):
        self.site, self.flips = site, []

    def note(self, run):
        """Takes rz's flips from its events: from the intent to the proof, those of a way back included."""
        begun = None
        for event in run.events:
            if event["type"] in ("traffic.intended", "traffic.returnIntended"):
                begun = seconds(event)
            elif event["type"] in ("traffic.verified", "traffic.returned", "traffic.reasserted") and begun:
                self.flips.append((begun, seconds(event)))
                begun = None

    @contextlib.contextmanager
    def flip(self):
        begin = time.time()
        yield
        self.flips.append((begin, time.time()))


# MARK: - rz

def clean(lane):
    run = lane.site.run("update", "big", "--yes", "--json")
    run.end(0)
    lane.note(run)


def rollback(lane):
    site = lane.site
    run = site.run("update", "big", "--yes", "--json")
    run.wait_for("traffic.verified", share="50%")
    time.sleep(1)
    site.run("rollback", "big", "--yes").end(0, 4)
    run.end(4)
    lane.note(run)
    for edge in EDGES:
        if site.reading(edge).serving("green"):
            raise Unexpected(f"{edge} still serves green")


def reload(lane):
    """edge-1 is reloaded in each flip between the raise's proof and the lowering, edge-2 while a share is watched."""
    site = lane.site
    flip = threading.Lock()

    def before(line):
        if "set server be_0/blue-1 weight" in line and flip.acquire(blocking=False):
            site.reload("edge-1")

    site.interceptors["edge-1"].before = before
    run = site.run("update", "big", "--yes", "--json")
    for share in site.steps[:-1]:
        run.wait_for("traffic.verified", share=f"{share}%")
        site.reload("edge-2")
        if flip.locked():
            flip.release()
    run.end(0)
    lane.note(run)


def late_reload(lane):
    """edge-1 is reloaded in each flip: begun a while before the raise, another while each time, and at its end between the
    raise's proof and the lowering. A new process reads its state file a few milliseconds before it takes connections: a
    raise in between is in the old one and was read back, but is not in the new one."""
    site = lane.site
    shares = set()
    is_open = threading.Event()

    def before(line):
        raised = re.search("set server be_0/green-1 weight ([0-9]+)", line)
        if raised and raised.group(1) not in shares:
            shares.add(raised.group(1))
            is_open.set()
            ways.begin_reload(site, "edge-1")
            time.sleep(0.01 + 0.005 * len(shares))
        elif "set server be_0/blue-1 weight" in line and is_open.is_set():
            ways.finish_reload(site, "edge-1")
            is_open.clear()

    run = site.run("update", "big", "--yes", "--json")
    run.wait_for("traffic.verified", share=f"{site.steps[0]}%")
    site.interceptors["edge-1"].before = before
    run.end(0)
    lane.note(run)


def kill(lane):
    """kill -9 between the raise and the lowering to 50 %, and rz resume."""
    site = lane.site
    killed = threading.Event()

    def before(line):
        if "set server be_0/blue-1 weight 50" in line:
            killed.set()
            run.program.kill()
        # Of what it still sent nothing arrives.
        return not killed.is_set()

    for edge in EDGES:
        site.interceptors[edge].before = before
    run = site.run("update", "big", "--yes", "--json")
    run.end(-signal.SIGKILL)
    for edge in EDGES:
        site.interceptors[edge].before = None
    for edge in EDGES:
        weights = dict((name, weight) for name, weight, _ in site.reading(edge).servers["be_0"])
        if weights["green-1"] != 50 or weights["blue-1"] == 50:
            raise Unexpected(f"killed at another moment: {edge} has {weights}")
    lane.note(run)
    time.sleep(2)
    again = site.run("resume", "big", "--yes", "--json")
    again.end(0)
    lane.note(again)


def abort(lane):
    site = lane.site
    run = site.run("update", "big", "--yes", "--json")
    run.wait_for("traffic.verified", share="50%")
    site.run("abort", "big").end(0, 4)
    run.end(1, 3, 4)
    lane.note(run)


def edge_down(lane):
    """edge-2 is killed in the middle of the flip to 50 %, and started again. Its users have gone to edge-1 before."""
    site = lane.site
    done = threading.Event()

    def before(line):
        if "set server be_0/green-1 weight 50" in line and not done.is_set():
            done.set()
            ways.kill_edge(site, "edge-2")
            return False
        return True

    site.interceptors["edge-2"].before = before
    run = site.run("update", "big", "--yes", "--json")
    run.wait_for("traffic.returnIntended")
    time.sleep(2)
    site.start_edge("edge-2")
    run.end(1, 3)
    lane.note(run)
    again = site.run("resume", "big", "--yes", "--json")
    again.end(0)
    lane.note(again)


# MARK: - Scenarios

def scenarios():
    """By name: what the site is like, what is done with it, and whether rz does it."""
    return {
        "clean": ({}, clean, True),
        "switch": ({"mode": SWITCH, "steps": (100,)}, clean, True),
        "registered": ({"mode": REGISTERED}, clean, True),
        "rollback": ({"bakes": [2, 2, 60, 2]}, rollback, True),
        "abort": ({"bakes": [2, 2, 60, 2]}, abort, True),
        "reload": ({"intercepted": True}, reload, True),
        "late-reload": ({"intercepted": True, "steps": range(5, 101, 5), "bakes": [1] * 20}, late_reload, True),
        "kill": ({"intercepted": True}, kill, True),
        "edge-down": ({"intercepted": True, "users_of": ["edge-1"]}, edge_down, True),
        "stop blue first": ({}, ways.stop_first, False),
        "reload a new configuration": ({}, ways.reload_new, False),
        "lower first": ({}, ways.lower_first, False),
    }


def measure(rz, name, arguments):
    """Runs one scenario, says what came of it, and whether that is what was demanded."""
    design, act, is_ours = scenarios()[name]
    design = dict(design)
    users_of = design.pop("users_of", EDGES)
    quiet = 5.0
    problem = None
    with BusySite(rz, arguments.backends, **design) as site, site.recorder(edges=users_of) as recorder:
        lane = Lane(site)
        with site.load(arguments.rate, users_of) as users:
            begin = time.time()
            time.sleep(quiet)
            acted = time.time()
            try:
                act(lane)
            except Unexpected as error:
                problem = str(error)
            ended = time.time()
            time.sleep(max(quiet, begin + arguments.requests / arguments.rate - ended))
            requests = users.end()
        took = time.time() - begin
    failed = failures(requests)
    windows = [(start, end + AFTERWARDS) for start, end in lane.flips]
    flipped = [r.latency for r in requests if any(start <= r.due <= end for start, end in windows)]
    still = [r.latency for r in requests if r.due < acted or r.due > ended + AFTERWARDS]
    p99, base = percentile(flipped, 0.99), percentile(still, 0.99)
    print(
        f"{name}: {len(requests)} requests at {len(requests) / took:.0f} a second, {sum(failed.values())} failed"
        f"{''.join(f', {count} {what}' for what, count in failed.most_common())}; p99 {p99 * 1e3:.2f} ms in "
        f"{len(lane.flips)} flips, {base * 1e3:.2f} ms while quiet, {p99 / base:.2f} ×", flush=True)
    for request in [r for r in requests if r.failed][:arguments.failures]:
        near = min((request.due - start for start, _ in lane.flips), key=abs, default=float("nan"))
        print(
            f"    edge-{request.edge + 1} {request.answer} after {request.latency * 1e3:.1f} ms, asked {near:+.4f} s from "
            "a flip's beginning")
    is_kept = recorder.report()
    if problem:
        print(f"  UNEXPECTED: {problem}", flush=True)
    return not is_ours or (not failed and is_kept and not problem)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rz", required=True, help="an optimised build; rz-sandbox stands beside it")
    parser.add_argument("--rate", type=float, default=3000, help="requests a second")
    parser.add_argument("--requests", type=int, default=200_000, help="at least so many a scenario")
    parser.add_argument("--backends", type=int, default=20)
    parser.add_argument("--only", nargs="+", choices=list(scenarios()), metavar="SCENARIO", default=list(scenarios()))
    parser.add_argument("--failures", type=int, default=0, help="list so many failed requests")
    arguments = parser.parse_args()
    is_good = True
    for name in arguments.only:
        try:
            is_good &= measure(os.path.abspath(arguments.rz), name, arguments)
        except Exception:
            traceback.print_exc()
            is_good = False
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    # Ended by a signal, it cleans up too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    main()
