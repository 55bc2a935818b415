"""Runs a PostgreSQL of its own on a port of 127.0.0.1, with the user rz, and removes it when its input ends.

Arguments: the folder of PostgreSQL's programs, the port, the password. It prints `ready` when it answers. It refuses to
run as root: then it runs as postgres. Whoever kills this process kills the server.
"""
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

programs, port, password = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
folder = pathlib.Path(tempfile.mkdtemp(prefix="rz-postgres-"))
options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
(folder / "password").write_text(password)
if os.geteuid() == 0:
    options |= {"user": "postgres", "group": "postgres", "extra_groups": []}
    for path in (folder, folder / "password"):
        shutil.chown(path, "postgres", "postgres")


def end_with_parent() -> None:
    # prctl(2), PR_SET_PDEATHSIG
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


server = None
try:
    subprocess.run(
        [programs / "initdb", "-D", folder / "data", "-U", "rz", "-A", "scram-sha-256", "--pwfile",
         folder / "password", "-E", "UTF8", "--no-sync"], check=True, **options)
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, "fsync": "off"}
    server = subprocess.Popen(
        [programs / "postgres", "-D", folder / "data"] + [f"--{name}={value}" for name, value in settings.items()],
        stdin=subprocess.DEVNULL, preexec_fn=end_with_parent, **options)
    deadline = time.monotonic() + 60
    while subprocess.run([programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", port], **options).returncode:
        if time.monotonic() > deadline:
            sys.exit("PostgreSQL was not ready within 60 s")
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(0.05)
            sys.exit("PostgreSQL has ended")
    print("ready", flush=True)
    sys.stdin.read()
finally:
    if server:
        server.send_signal(signal.SIGINT)
        server.wait()
    shutil.rmtree(folder, ignore_errors=True)
