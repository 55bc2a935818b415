"""What every benchmark needs of this machine: ports that are free, and waiting with a deadline."""

import socket
import sys
import time


def free_ports(count):
    """Below what the system gives out by itself."""
    ports = []
    for port in range(20000, 32000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
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
