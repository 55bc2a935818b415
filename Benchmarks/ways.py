"""What people do with a site without rz, and what happens to load balancers."""

import os
import signal
import time

from datacentre import EDGES, ask


def set_weights(site, color, weight):
    """As scripts do it: one call of the socket for each server."""
    for number in range(site.backends):
        for edge in EDGES:
            for n in (1, 2):
                ask(site.socket(edge), f"set server be_{number}/{color}-{n} weight {weight}")


def stop_first(lane):
    """Blue is stopped, then weights are set."""
    site = lane.site
    with lane.flip():
        site.colors["blue"].terminate()
        site.colors["blue"].wait()
        time.sleep(1)
        set_weights(site, "green", 100)
        set_weights(site, "blue", 0)


def reload_new(lane):
    """A configuration with green's servers alone is loaded on both, and blue stopped a second later."""
    site = lane.site
    with lane.flip():
        for edge in EDGES:
            path = site.folder / f"{edge}.cfg"
            lines = path.read_text().splitlines()
            path.write_text("\n".join(
                line.replace("weight 0", "weight 100") for line in lines if "server blue-" not in line) + "\n")
            site.reload(edge)
        time.sleep(1)
        site.colors["blue"].terminate()


def lower_first(lane):
    """Blue's weights are lowered, then green's are raised."""
    site = lane.site
    with lane.flip():
        set_weights(site, "blue", 0)
        set_weights(site, "green", 100)


def begin_reload(site, edge):
    site.worker_before = site.worker(edge)
    os.kill(site.edges[edge].pid, signal.SIGUSR2)


def finish_reload(site, edge):
    end = time.monotonic() + 3
    while site.worker(edge) in (None, site.worker_before) and time.monotonic() < end:
        time.sleep(0.002)


def kill_edge(site, edge):
    """Without a word: the worker, too."""
    worker = site.worker(edge)
    site.edges[edge].kill()
    os.kill(worker, signal.SIGKILL)
