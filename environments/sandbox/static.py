#!/usr/bin/env python3
"""Provisions the sandbox's servers on a machine that has neither Terraform nor OpenTofu.

    static.py apply  blue|green|disks [--var image=NAME]
    static.py output blue|green
    static.py destroy blue|green

It makes the same servers from the same layout.json as terraform/, and `output` prints what
`terraform output -json inventory` prints. The sandbox's folder is --sandbox, --var sandbox=, or RZ_SANDBOX_HOME.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True

import servers  # noqa: E402  (the line above keeps the checkout free of __pycache__)

COLORS = ("blue", "green")


class Color:
    """The servers one color consists of."""

    def __init__(self, sandbox: Path, color: str) -> None:
        self.sandbox = sandbox
        self.color = color
        self.facts: dict[str, Any] = servers.read_json(sandbox / "sandbox.json")
        if not self.facts:
            raise servers.Failure(f"there is no sandbox in {sandbox}: {sandbox / 'sandbox.json'} is missing or broken")
        self.layout: dict[str, Any] = json.loads(Path(__file__).with_name("layout.json").read_text())

    def inventory(self) -> dict[str, list[dict[str, str]]]:
        """Group -> hosts, as the output of terraform/servers."""
        groups = self.layout["servers"]
        return {group: [self.host(group, server) for server in groups[group]] for group in sorted(groups)}

    def host(self, group: str, server: dict[str, Any]) -> dict[str, str]:
        base = int(self.facts["basePort"])
        name = f"{self.color}-{server['name']}"
        host = {
            "name": name,
            "address": f"{self.layout['networks'][self.color]}.{server['host']}",
            "server": f"{self.sandbox}/servers/{name}",
            "color": self.color,
            "sandbox": str(self.sandbox),
            "python": self.facts["python"],
            "rz": self.facts["rz"],
            "ports": f"{base + 20}-{base + 99}",
            **server["facts"],
            **{key: str(base + offset) for key, offset in server["ports"].items()},
        }
        return dict(sorted(host.items()))

    def existing(self) -> dict[str, list[dict[str, str]]]:
        """The inventory without servers that are not there."""
        return {
            group: [host for host in hosts if Path(host["server"], "server.json").is_file()]
            for group, hosts in self.inventory().items()
        }

    def apply(self, image: str) -> None:
        """Creates what is missing; a server of another image is rebuilt."""
        hosts = [host | {"group": group, "image": image} for group, hosts in self.inventory().items() for host in hosts]
        found = {host["name"]: servers.read_json(Path(host["server"], "server.json")) for host in hosts}
        self.remove([host for host in hosts if found[host["name"]].get("image", image) != image])
        for host in sorted(hosts, key=lambda host: host["group"] == "control"):
            as_wanted = found[host["name"]] == host
            print(f"{host['name']} is as wanted" if as_wanted else servers.create(host))

    def destroy(self) -> None:
        self.remove([host | {"group": group} for group, hosts in self.inventory().items() for host in hosts])

    def remove(self, hosts: list[dict[str, str]]) -> None:
        """Removes control first: a scheduler that is still alive would launch the lost tasks again."""
        control = [host["server"] for host in hosts if host["group"] == "control"]
        others = [host["server"] for host in hosts if host["group"] != "control"]
        with ThreadPoolExecutor() as pool:
            for line in (*pool.map(servers.destroy, control), *pool.map(servers.destroy, others)):
                print(line)


def apply_disks(sandbox: Path) -> None:
    layout = json.loads(Path(__file__).with_name("layout.json").read_text())
    for disk in layout["disks"]:
        print(servers.create_disk(str(sandbox / "disks" / disk)))


def main() -> int:
    parser = argparse.ArgumentParser(description="The sandbox's servers without Terraform.")
    parser.add_argument("command", choices=("apply", "destroy", "output"))
    parser.add_argument("target", choices=(*COLORS, "disks"))
    parser.add_argument("--sandbox", default=os.environ.get("RZ_SANDBOX_HOME"), metavar="DIR")
    parser.add_argument(
        "--var", action="append", default=[], metavar="KEY=VALUE", help="as Terraform's; image, sandbox"
    )
    request = parser.parse_args()
    variables = dict(pair.split("=", 1) for pair in request.var if "=" in pair)
    folder = variables.get("sandbox", request.sandbox)
    if not folder:
        parser.error("which sandbox? Give --sandbox DIR or set RZ_SANDBOX_HOME")
    sandbox = Path(folder).absolute()
    try:
        match request.command, request.target:
            case "apply", "disks":
                apply_disks(sandbox)
            case "destroy", "disks":
                raise servers.Failure("data disks are never destroyed; `rz sandbox down` removes the whole sandbox")
            case "output", "disks":
                raise servers.Failure("disks have no inventory; ask for blue or green")
            case "apply", color:
                Color(sandbox, color).apply(variables.get("image", "debian-12"))
            case "destroy", color:
                Color(sandbox, color).destroy()
            case _, color:
                print(json.dumps(Color(sandbox, color).existing(), separators=(",", ":")))
    except (servers.Failure, OSError, ValueError, KeyError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
