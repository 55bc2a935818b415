"""Ansible module: brings the files of one server into the wanted state in a single call.

Every module call costs about 0.2 s of processor time, so five calls a server would be most of a sandbox's set-up. This
one does what copy, template and file would: content or a copy, a mode, links, in the order given; it supports check
mode and diff. With `keep: true` a file that exists is never touched, whatever is in it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: server_files
short_description: Files and links of one server
options:
  folder: {type: path, required: true, description: The server's folder, to which relative paths belong.}
  files:
    type: list
    elements: dict
    required: true
    description: What must be there, in this order.
    suboptions:
      path: {type: path, required: true, description: Relative to the folder, or absolute.}
      content: {type: str, description: The wanted text.}
      copy_of: {type: path, description: A file of this machine with the wanted content.}
      link_to: {type: path, description: Make it a symbolic link to this path.}
      mode: {type: str, default: "0644", description: Permissions, octal.}
      keep: {type: bool, default: false, description: Leave a file that exists as it is.}
"""

FILE = {
    "path": {"type": "path", "required": True},
    "content": {"type": "str"},
    "copy_of": {"type": "path"},
    "link_to": {"type": "path"},
    "mode": {"type": "str", "default": "0644"},
    "keep": {"type": "bool", "default": False},
}


def link(path: Path, target: str, check: bool) -> dict[str, Any] | None:
    before = os.readlink(path) if path.is_symlink() else None
    if before == target:
        return None
    if path.exists() and not path.is_symlink():
        raise FileExistsError(f"{path} is in the way of a link to {target}: it is no link, and may hold data")
    if not check:
        temporary = path.with_name(f".{path.name}.link")
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(target)
        temporary.replace(path)
    return {"before_header": str(path), "after_header": str(path), "before": f"{before}\n", "after": f"{target}\n"}


def write(path: Path, wanted: bytes, mode: int, keep: bool, check: bool) -> dict[str, Any] | None:
    present = path.read_bytes() if path.is_file() else None
    if present is not None and (keep or (present == wanted and path.stat().st_mode & 0o7777 == mode)):
        return None
    if not check:
        temporary = path.with_name(f".{path.name}.new")
        temporary.write_bytes(wanted)
        temporary.chmod(mode)
        temporary.replace(path)
    before, after = ((text or b"").decode(errors="replace") for text in (present, wanted))
    return {"before_header": str(path), "after_header": str(path), "before": before, "after": after}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "required": True},
            "files": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": FILE,
                "required_one_of": [("content", "copy_of", "link_to")],
                "mutually_exclusive": [("content", "copy_of", "link_to")],
            },
        },
        supports_check_mode=True,
    )
    differences: list[dict[str, Any]] = []
    try:
        for file in module.params["files"]:
            path = Path(module.params["folder"], file["path"])
            if file["link_to"] is not None:
                difference = link(path, file["link_to"], module.check_mode)
            else:
                source = file["copy_of"]
                wanted = Path(source).read_bytes() if source is not None else file["content"].encode()
                difference = write(path, wanted, int(file["mode"], 8), file["keep"], module.check_mode)
            if difference is not None:
                differences.append(difference)
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"cannot bring the files of {module.params['folder']} into the wanted state: {error}")
    module.exit_json(changed=bool(differences), diff=differences)


if __name__ == "__main__":
    main()
