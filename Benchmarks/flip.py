#!/usr/bin/env python3
"""What a flip of 1,000 backends of four servers on two real HAProxies costs rz, against the least it can cost.

The least is the same by hand: in each HAProxy, both at once, one color is raised with as few lines of `set server …;…` as
fit, read back with `show servers state`, then the other color is lowered and read back. rz's flips are measured between
the events `traffic.intended` and `traffic.verified` of its journal: epoch, proofs, state and map files, and the journal's
own writes are in them. Both talk to the same processes in one run, so only the ratio counts.

    python3 Benchmarks/flip.py --rz .build/release/rz [--backends 1000 2500] [--rounds 1]
"""

import argparse
import os
import signal
import statistics
import sys
import threading
import time

import cutover
from datacentre import EDGES, Site, ask

LONGEST_LINE = 15_000
# More of them than anyone makes: a machine that has other work needs many to compare.
STEPS = range(10, 101, 10)
BLUE, GREEN = ("blue-1", "blue-2"), ("green-1", "green-2")


def lines(backends, servers, weight):
    line = ""
    for number in range(backends):
        for server in servers:
            command = f"set server be_{number}/{server} weight {weight}"
            if len(line) + len(command) > LONGEST_LINE:
                yield line
                line = ""
            line += (";" if line else "") + command
    yield line


def flip_by_hand(sockets, backends, raised, lowered):
    """Seconds for the bare commands and two read-backs."""
    broken = []
    begin = time.monotonic()
    for servers, weight in ((raised, 100), (lowered, 0)):
        def half(path):
            for line in lines(backends, servers, weight):
                ask(path, line)
            if len(ask(path, "show servers state").splitlines()) < 4 * backends:
                broken.append(path)

        halves = [threading.Thread(target=half, args=(path,)) for path in sockets]
        for thread in halves:
            thread.start()
        for thread in halves:
            thread.join()
    seconds = time.monotonic() - begin
    if broken:
        sys.exit(f"a read-back was cut off: {broken}")
    return seconds


def flips(rz, backends):
    """Seconds of the bare flips, and of rz's."""
    with Site(rz, backends, STEPS) as site:
        sockets = [f"{site.folder}/{edge}.sock" for edge in EDGES]
        bare = []
        for _ in range(5):
            bare.append(flip_by_hand(sockets, backends, GREEN, BLUE))
            bare.append(flip_by_hand(sockets, backends, BLUE, GREEN))
        events = cutover.update(site)
        for _ in range(5):
            bare.append(flip_by_hand(sockets, backends, BLUE, GREEN))
            bare.append(flip_by_hand(sockets, backends, GREEN, BLUE))
        return bare, [
            cutover.instant(events, "traffic.verified", share=f"{share}%")
            - cutover.instant(events, "traffic.intended", share=f"{share}%")
            for share in STEPS]


def spread(seconds):
    return f"{statistics.median(seconds) * 1e3:.0f} ms ({min(seconds) * 1e3:.0f} to {max(seconds) * 1e3:.0f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rz", required=True, help="an optimised build; rz-sandbox stands beside it")
    parser.add_argument("--backends", type=int, nargs="+", default=[1000])
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    for backends in arguments.backends:
        bare, mine = [], []
        for _ in range(arguments.rounds):
            more_bare, more = flips(os.path.abspath(arguments.rz), backends)
            bare += more_bare
            mine += more
        least = statistics.median(bare)
        print(
            f"{backends} backends × 4 servers × {len(EDGES)} HAProxies, medians (from the least to the most):\n"
            f"  by hand 1.00 × {spread(bare)}\n"
            f"  rz      {statistics.median(mine) / least:.2f} × {spread(mine)}, "
            f"least to least {min(mine) / min(bare):.2f} ×, "
            f"{statistics.median(mine) * 1e6 / (backends * 4 * len(EDGES)):.1f} µs a server", flush=True)


if __name__ == "__main__":
    # Ended by a signal, it cleans up too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    main()
