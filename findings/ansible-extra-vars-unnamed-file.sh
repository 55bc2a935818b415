#!/usr/bin/env bash
# ansible-core 2.19: `--extra-vars @/proc/PID/fd/N` fails where the file has no name any more, though it can be read.
#
# A program that passes secrets to Ansible would use a file that is already unlinked (or a memfd), which disappears with
# the program even if that is killed. Any reader can open it by /proc/PID/fd/N. Ansible resolves the link first and opens
# the link's text, "NAME (deleted)"; then it reports that the *inventory* can't be parsed, and exits with 1. The same
# descriptor works while the file still has its name. A pipe, as in `-e @<(command)`, fails in the same way. Seen on
# ansible-core 2.19.4. Expected: Ansible opens the file by the path that was given.
#
# Needs python3 with venv and PyPI; Linux. Exits with 0 while the bug exists, with 1 once it is fixed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install -q ansible-core==2.19.4
tools/bin/ansible-playbook --version | head -1
cat > site.yaml <<'YAML'
- hosts: all
  gather_facts: false
  tasks: [{ansible.builtin.debug: {msg: "the value is {{ value }}"}}]
YAML
echo 'all: {hosts: {here: {ansible_connection: local}}}' > inventory.yaml
python3 - <<'PYTHON'
import os, subprocess, sys
def play(path):
    ended = subprocess.run(
        ["tools/bin/ansible-playbook", "-i", "inventory.yaml", "-e", "@" + path, "site.yaml"],
        capture_output=True, text=True, timeout=120)
    return ended.returncode, "the value is x" in ended.stdout, "Failed to parse inventory" in ended.stderr
file = os.open("variables.json", os.O_RDWR | os.O_CREAT, 0o600)
os.write(file, b'{"value": "x"}')
path = f"/proc/{os.getpid()}/fd/{file}"
named = play(path)
os.unlink("variables.json")
readable = open(path).read() == '{"value": "x"}'
unnamed = play(path)
piped = subprocess.run(
    ["bash", "-c", """tools/bin/ansible-playbook -i inventory.yaml -e @<(echo '{"value": "x"}') site.yaml"""],
    capture_output=True, text=True, timeout=120)
print("a pipe:", piped.returncode, *[line for line in piped.stderr.splitlines() if "pipe:[" in line][:1])
print("named:", named, "\nunnamed, readable:", readable, unnamed)
sys.exit(0 if named == (0, True, False) and readable and unnamed == (1, False, True)
         and piped.returncode == 1 and "pipe:[" in piped.stderr else 1)
PYTHON
