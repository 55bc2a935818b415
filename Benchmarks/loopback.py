"""What every benchmark needs of this machine: ports that are free, and waiting with a deadline."""

import contextlib
import random
import socket
import sys
import time


def free_ports(count):
    """Ports that no loopback address uses, below those that tests and the system itself give out; of two benchmarks that
    begin at once each most likely takes others."""
    ports = []
    start = random.randrange(20000, 28000)
    for port in range(start, 30000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("", port))
            ports.append(port)
        if len(ports) == count:
            return ports
    sys.exit("no free ports")


def wait(what, condition, deadline=600):
    """Ends the benchmark when the condition does not hold within so many seconds."""
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"waited {deadline} s in vain until {what}")
        time.sleep(0.1)
