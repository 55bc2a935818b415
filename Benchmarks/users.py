"""Users of a site under load, and what became of their requests. They are users.c, compiled at first use."""

import collections
import os
import pathlib
import signal
import subprocess
import tempfile
from typing import NamedTuple

SOURCE = pathlib.Path(__file__).resolve().parent / "users.c"


class Request(NamedTuple):
    due: float        # seconds since 1970
    latency: float    # seconds
    edge: int
    answer: str       # blue, green, or ! and what went wrong

    @property
    def failed(self):
        return self.answer.startswith("!")


def program():
    """The compiled client, beside what else this user compiled of this source."""
    built = pathlib.Path(tempfile.gettempdir()) / f"rz-users-{os.getuid()}-{SOURCE.stat().st_mtime_ns}"
    if not built.exists():
        fresh = built.with_suffix(f".{os.getpid()}")
        subprocess.run(["cc", "-O2", "-o", str(fresh), str(SOURCE)], check=True)
        fresh.rename(built)
    return str(built)


class Users:
    """They ask from the beginning of a `with` to its end, or to `end()`."""

    def __init__(self, site, edges, backends, rate, connections=64, timeout=5):
        """
        - edges: addresses with ports.
        - rate: requests a second, over all edges.
        """
        self.site, self.file = site, site.folder / "requests"
        self.command = [
            program(), ",".join(edges), str(backends), str(rate), str(connections), str(timeout * 1000), str(self.file)]

    def __enter__(self):
        self.program = self.site.start(*self.command)
        return self

    def __exit__(self, *_):
        self.program.kill()

    def end(self):
        """No further requests; all that were made."""
        self.program.send_signal(signal.SIGTERM)
        self.program.wait(30)
        requests = []
        for line in self.file.read_text().splitlines():
            due, latency, edge, answer = line.split()
            requests.append(Request(int(due) / 1e6, int(latency) / 1e6, int(edge), answer))
        return sorted(requests)


def failures(requests):
    """How many failed, by what went wrong."""
    return collections.Counter(request.answer[1:] for request in requests if request.failed)


def percentile(latencies, part):
    ordered = sorted(latencies)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else float("nan")
