#!/usr/bin/env python3
"""From the verdict to the traffic back, with 1,000 backends on two HAProxies of which one is frozen.

Green has half of the users when edge-2 is stopped (SIGSTOP) and green begins to answer 500. Measured is the time from rz's
verdict, the event `gate.failed` of its journal, until edge-1 says itself that no server of green gets users any more
(`show servers state`, asked again and again). Beside it the flip by hand (flip.py) of the same HAProxies.

    python3 Benchmarks/wayback.py --rz .build/release/rz [--backends 1000] [--rounds 3]
"""

import argparse
import os
import re
import signal
import statistics
import sys
import time

from busy import BusySite, seconds
from datacentre import EDGES, ask
from flip import BLUE, GREEN, flip_by_hand, spread
from loopback import wait
from users import Users

# name, address, running, ready, a weight
SERVES = re.compile(rb" green-\d+ \S+ 2 0 [1-9]")
ASKED = 10  # backends that have users


def measure(rz, backends, frozen_for):
    """Seconds: from the verdict to the traffic back, to the end of rz's own proof of it; flips by hand."""
    with BusySite(rz, backends, steps=(50, 100), bakes=[300, 1], check="inter 20s") as site:
        sockets = [site.socket(edge) for edge in EDGES]
        bare = []
        for _ in range(5):
            bare.append(flip_by_hand(sockets, backends, GREEN, BLUE))
            bare.append(flip_by_hand(sockets, backends, BLUE, GREEN))
        with Users(site, [site.address("edge-1")], ASKED, 300):
            run = site.run("update", "big", "--yes", "--json")
            run.wait_for("traffic.verified", share="50%")
            time.sleep(3)
            frozen = site.worker("edge-2")
            os.kill(frozen, signal.SIGSTOP)
            try:
                time.sleep(frozen_for)
                site.make_sick("green")
                run.wait_for("gate.failed")
                while SERVES.search(ask(site.socket("edge-1"), "show servers state").encode()):
                    time.sleep(0.005)
                back = time.time()
                verdict = seconds(run.wait_for("gate.failed"))
                intended = seconds(run.wait_for("traffic.returnIntended"))
            finally:
                os.kill(frozen, signal.SIGCONT)
            run.end(1, 3)
            wait("edge-2 serves no green", lambda: not SERVES.search(
                ask(site.socket("edge-2"), "show servers state").encode()), 30)
        return back - verdict, intended - verdict, bare


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rz", required=True, help="an optimised build; rz-sandbox stands beside it")
    parser.add_argument("--backends", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    backs, bare = [], []
    for turn in range(arguments.rounds):
        # What rz has under way at the frozen one when the verdict falls is another thing each time.
        frozen_for = 0.7 + 1.3 * turn
        back, intended, more = measure(os.path.abspath(arguments.rz), arguments.backends, frozen_for)
        backs.append(back)
        bare += more
        print(
            f"frozen for {frozen_for:.1f} s: back {back * 1e3:.0f} ms after the verdict, of which {intended * 1e3:.0f} ms "
            "until the return began", flush=True)
    print(
        f"{arguments.backends} backends, {len(EDGES)} HAProxies, one frozen:\n"
        f"  flip by hand of both   1.00 × {spread(bare)}\n"
        f"  verdict → traffic back {statistics.median(backs) / statistics.median(bare):.2f} × {spread(backs)}")
    sys.exit(0 if max(backs) < 0.2 else 1)


if __name__ == "__main__":
    # Ended by a signal, it cleans up too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    main()
