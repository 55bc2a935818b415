#!/usr/bin/env python3
"""The sandbox's servers: a server is a folder, what runs on it are sessions of its own.

Terraform (or static.py) creates and destroys servers with it, Ansible starts processes with it. Each command may be
killed at any instant and repeated: the second call finishes what the first one began.

SERVER is the absolute path SANDBOX/servers/NAME; SANDBOX/sandbox.json holds the sandbox's id. Every process carries
RZ_SANDBOX=<id> and SERVER=<path> in its environment, so it is found even when its pid file was never written. A number
in a pid file is believed only if the process behind it carries the tag: numbers are used again by the system.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

FOLDERS = ("bin", "etc", "log", "run", "tasks")
INHERITED = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "RZ_HOME", "TMPDIR", "TZ", "USER")
GRACE_SECONDS = 10.0
KILL_SECONDS = 5.0
READY_SECONDS = 15.0


class Failure(Exception):
    """What went wrong and where, in one line a person can act on."""


@dataclass(frozen=True)
class Process:
    """A live process; the start time (clock ticks since boot) distinguishes it from a later one with the same number."""

    pid: int
    group: int
    session: int
    started: int

    @staticmethod
    def read(pid: int) -> Process | None:
        """The process behind a number, or nothing if there is none or only its zombie is left."""
        try:
            text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        except OSError:
            return None
        fields = text[text.rindex(")") + 2 :].split()
        if fields[0] in "ZXx":
            return None
        return Process(pid=pid, group=int(fields[2]), session=int(fields[3]), started=int(fields[19]))

    def environment(self) -> set[bytes]:
        """Its variables as they were when it started; empty for another user's process."""
        try:
            return set(Path(f"/proc/{self.pid}/environ").read_bytes().split(b"\0"))
        except OSError:
            return set()


@dataclass(frozen=True)
class Server:
    """One server's folder and the sandbox it belongs to."""

    folder: Path
    sandbox: str

    @staticmethod
    def at(path: str) -> Server:
        folder = Path(path)
        description = folder.parent.parent / "sandbox.json"
        if not folder.is_absolute() or folder.parent.name != "servers" or ".." in folder.parts:
            raise Failure(f"{path} is not a server's folder: expected SANDBOX/servers/NAME, absolute")
        try:
            return Server(folder, json.loads(description.read_text())["id"])
        except (OSError, ValueError, KeyError) as error:
            raise Failure(f"cannot read the sandbox's id from {description}: {error}") from error

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def run(self) -> Path:
        return self.folder / "run"

    def leaders(self) -> set[int]:
        """The session leaders named by the pid files; an unreadable file names none."""
        found = set()
        for file in self.run.glob("*.pid"):
            with contextlib.suppress(OSError, ValueError):
                found.add(int(file.read_text()))
        return found

    def processes(self, leaders: set[int] | None = None) -> list[Process]:
        """What is alive on this server, or only in the sessions of the given leaders."""
        tag, home = f"RZ_SANDBOX={self.sandbox}".encode(), f"SERVER={self.folder}".encode()
        sessions = self.leaders() if leaders is None else leaders
        alive = []
        for entry in os.listdir("/proc"):
            process = Process.read(int(entry)) if entry.isdigit() else None
            if process is None or process.pid == os.getpid():
                continue
            environment = process.environment()
            belongs = process.session in sessions or process.group in sessions
            if tag in environment and (belongs or (leaders is None and home in environment)):
                alive.append(process)
        return alive

    def terminate(self, leaders: set[int] | None = None) -> None:
        """Ends them with SIGTERM and, after the grace period, SIGKILL; zombies count as ended."""
        for number, seconds in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
            deadline = time.monotonic() + seconds
            asked: set[Process] = set()
            pause = 0.01
            while alive := self.processes(leaders):
                for process in alive:
                    if process not in asked:
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(process.pid, number)
                        asked.add(process)
                if time.monotonic() > deadline:
                    break
                time.sleep(pause)
                pause = min(pause * 1.5, 0.1)
            else:
                return
        numbers = ", ".join(str(process.pid) for process in self.processes(leaders))
        raise Failure(f"{self.name}: processes {numbers} are still alive {KILL_SECONDS:.0f} s after SIGKILL")


def write_atomically(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text)
    temporary.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


# Servers and disks


def create(document: dict[str, Any]) -> str:
    """Makes the folder; one that is there already keeps what it holds."""
    server = Server.at(document["server"])
    for folder in FOLDERS if "disk" in document else (*FOLDERS, "data"):
        (server.folder / folder).mkdir(parents=True, exist_ok=True)
    write_atomically(server.folder / "server.json", json.dumps(document, indent=2, sort_keys=True) + "\n")
    record(server.folder, stands=True)
    return f"created {server.name}"


def record(folder: Path, stands: bool) -> None:
    """Writes down that a server stands, or was destroyed. One that is gone and should stand was lost: it counts again."""
    file = folder.parent.parent / "made" / f"{folder.name}.json"
    known = read_json(file)
    lost = not stands and known.get("stands", False) and not (folder / "server.json").is_file()
    file.parent.mkdir(exist_ok=True)
    write_atomically(file, json.dumps({"times": known.get("times", 1) + int(lost), "stands": stands}) + "\n")


def destroy(path: str) -> str:
    """Ends every process of the server and removes its folder; the data disk is only linked there and stays."""
    record(Path(path), stands=False)
    if not Path(path).is_dir():
        return f"{Path(path).name} is gone already"
    server = Server.at(path)
    # Without this file the scheduler no longer counts the server as an agent and launches nothing more on it.
    (server.folder / "etc" / "agent.json").unlink(missing_ok=True)
    deadline = time.monotonic() + GRACE_SECONDS
    while server.folder.exists():
        server.terminate()
        # A task launched a moment before agent.json went may still write into the folder: look again.
        shutil.rmtree(server.folder, ignore_errors=time.monotonic() < deadline)
    server.terminate()
    return f"destroyed {server.name}"


def create_disk(path: str) -> str:
    """Makes the data disk's folder; data that is there already is never touched."""
    disk = Path(path)
    if not disk.is_absolute() or disk.parent.name != "disks":
        raise Failure(f"{path} is not a disk's folder: expected SANDBOX/disks/NAME, absolute")
    existed = disk.is_dir()
    disk.mkdir(parents=True, exist_ok=True)
    return f"kept {disk.name} and its data" if existed else f"created {disk.name}"


# Processes


def start(
    server: Server, name: str, arguments: list[str], ready: str | None, watched: list[str], check: bool = False
) -> str:
    """Starts a process unless it runs already as wanted; one with other arguments or other files is replaced."""
    if not server.run.is_dir():
        raise Failure(f"there is no server at {server.folder}")
    digests = {file: digest(Path(file)) for file in watched}
    with locked(server.run / f".{name}.lock"):
        record = read_json(server.run / f"{name}.json")
        process = Process.read(record.get("pid", 0))
        running = process is not None and process.started == record.get("started")
        if running and record.get("arguments") == arguments and record.get("watched") == digests:
            return f"running {record['pid']}"
        if check:
            return f"would start {name}"
        stop_locked(server, name)
        pid = spawn(server, name, arguments, digests)
        wait_until_ready(server, name, pid, ready)
        return f"{'restarted' if running else 'started'} {pid}"


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "absent"


def spawn(server: Server, name: str, arguments: list[str], digests: dict[str, str]) -> int:
    """Runs the arguments as a session leader that has written its own pid file before it becomes the program."""
    environment = {key: os.environ[key] for key in INHERITED if key in os.environ}
    environment |= {"RZ_SANDBOX": server.sandbox, "SERVER": str(server.folder)}
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        become(server, name, arguments, digests, environment, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        refusal = pipe.read().decode(errors="replace")
    if refusal:
        os.waitpid(pid, 0)
        raise Failure(f"{server.name}: cannot start {name}: {refusal}")
    return pid


def become(
    server: Server, name: str, arguments: list[str], digests: dict[str, str], environment: dict[str, str], pipe: int
) -> NoReturn:
    """The child's side of spawn: the pipe closes itself when the program starts, and carries the reason if not."""
    try:
        os.setsid()
        with open(os.devnull, "rb") as nothing, open(server.folder / "log" / f"{name}.log", "ab") as log:
            os.dup2(nothing.fileno(), 0)
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        os.closerange(3, pipe)
        os.closerange(pipe + 1, min(os.sysconf("SC_OPEN_MAX"), 65536))
        process = Process.read(os.getpid())
        record = {
            "pid": os.getpid(),
            "started": process.started if process else 0,
            "arguments": arguments,
            "watched": digests,
        }
        write_atomically(server.run / f"{name}.pid", f"{os.getpid()}\n")
        write_atomically(server.run / f"{name}.json", json.dumps(record, indent=2) + "\n")
        os.chdir(server.folder)
        os.execvpe(arguments[0], arguments, environment)
    except BaseException as error:
        os.write(pipe, f"{arguments[0]}: {error}".encode())
    finally:
        os._exit(127)


def wait_until_ready(server: Server, name: str, pid: int, ready: str | None) -> None:
    """Waits until the process accepts connections on HOST:PORT; one that never does is ended again."""
    if ready is None:
        return
    host, _, port = ready.rpartition(":")
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if Process.read(pid) is None:
            raise Failure(f"{server.name}: {name} ended at once. {log_tail(server, name)}")
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
            return
        time.sleep(0.02)
    server.terminate({pid})
    raise Failure(f"{server.name}: {name} did not listen on {ready} in {READY_SECONDS:.0f} s. {log_tail(server, name)}")


def log_tail(server: Server, name: str) -> str:
    log = server.folder / "log" / f"{name}.log"
    lines = log.read_text(errors="replace").splitlines()[-5:]
    return f"The end of {log}: {' | '.join(lines) or '(empty)'}"


def stop(server: Server, name: str) -> str:
    """Ends a process and forgets it; one that is not running is no error."""
    if not server.run.is_dir():
        return f"{server.name} is gone already"
    with locked(server.run / f".{name}.lock"):
        return f"stopped {name}" if stop_locked(server, name) else f"{name} was not running"


def stop_locked(server: Server, name: str) -> bool:
    file = server.run / f"{name}.pid"
    try:
        leaders = {int(file.read_text())}
    except (OSError, ValueError):
        leaders = set()
    was_running = bool(leaders and server.processes(leaders))
    if was_running:
        server.terminate(leaders)
    for leftover in (file, server.run / f"{name}.json"):
        leftover.unlink(missing_ok=True)
    return was_running


# The command line


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The sandbox's servers: folders, and the processes on them.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    command = commands.add_parser("create", help="make a server's folder")
    command.add_argument("document", help="JSON object with at least `server`, the absolute path of its folder")
    command = commands.add_parser("destroy", help="end all its processes and remove its folder")
    command.add_argument("server")
    command = commands.add_parser("disk", help="make a data disk's folder, keeping what is there")
    command.add_argument("disk")
    command = commands.add_parser("start", help="start a process unless it is running as wanted")
    command.add_argument("--ready", metavar="HOST:PORT", help="wait until something listens there")
    command.add_argument("--watch", metavar="FILE", action="append", default=[], help="restart if its content changed")
    command.add_argument("--check", action="store_true", help="only say whether it would be started")
    command.add_argument("server")
    command.add_argument("process", help="name of its pid file and log")
    command.add_argument("arguments", nargs="+", metavar="ARGUMENT", help="the program, after --")
    command = commands.add_parser("stop", help="end a process")
    command.add_argument("server")
    command.add_argument("process")
    return parser.parse_args(arguments)


def perform(request: argparse.Namespace) -> str:
    match request.command:
        case "create":
            return create(json.loads(request.document))
        case "destroy":
            return destroy(request.server)
        case "disk":
            return create_disk(request.disk)
        case "start":
            server = Server.at(request.server)
            return start(server, request.process, request.arguments, request.ready, request.watch, request.check)
        case _:
            return stop(Server.at(request.server), request.process)


def main() -> int:
    try:
        print(perform(parse(sys.argv[1:])))
    except (Failure, OSError, ValueError, KeyError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
