#!/usr/bin/env python3
"""Cuts 1,000 backends of four servers over on two real HAProxies: how long each rz takes for it, side by side.

Everything starts afresh for each run, and the builds take turns. The figures worth quoting are the ratios to the first one.

    python3 Benchmarks/cutover.py --rz OLD --rz NEW [--backends 1000] [--rounds 3]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from datetime import datetime

from datacentre import Site


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
    """Seconds: until the new color was ready, of all shifts until each is verified, of the whole cutover with its bakes."""
    with Site(rz, backends) as site:
        events = update(site)
        ready = instant(events, "step.completed", step="cutOver/ready") - instant(
            events, "step.started", step="cutOver/ready")
        moved, whole = 0, ready
        for share in site.steps:
            step = f"cutOver/shift-{share}%"
            started = instant(events, "step.started", step=step)
            moved += instant(events, "traffic.verified", share=f"{share}%") - started
            whole += instant(events, "step.completed", step=step) - started
        return ready, moved, whole


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rz", action="append", required=True, help="a build of rz; the first is what others are compared to")
    parser.add_argument("--backends", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    times = {rz: [] for rz in arguments.rz}
    for turn in range(arguments.rounds):
        for rz in arguments.rz:
            ready, moved, whole = cut_over(os.path.abspath(rz), arguments.backends)
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
