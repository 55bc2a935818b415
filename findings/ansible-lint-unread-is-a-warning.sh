#!/usr/bin/env bash
# ansible-lint 26.10.1: a report in SARIF shows what could not be read at all as a mere warning, or not at all.
#
# A gate on results of level `error`, as pipelines have it, passes a playbook that is missing (`load-failure[not-found]`)
# or is no YAML (`load-failure[yaml]`): both are results of level `warning`, while a task without a fully qualified name is
# an `error`. The run says nothing else of it: there are no `invocations`, so neither `executionSuccessful` nor
# `exitCode`. And a folder in which no playbook was found ("0 files processed", on standard error) gives the same report,
# byte for byte but for the folder's name, as a folder that is clean. Only the exit status tells the first two from a
# pass; nothing tells the last. Expected: level `error`, `executionSuccessful: false`, and `artifacts` that were looked at.
#
# Needs python3 with venv and PyPI; git. Exits with 0 while this is so, with 1 once it is not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install -q ansible-lint==26.10.1 ansible-core==2.19.14
export PATH="$folder/tools/bin:$PATH" ANSIBLE_HOME="$folder/home" NO_COLOR=1
ansible-lint --version --nocolor | head -1
mkdir work work/nothing work/clean
cd work
git init -q .
printf -- '- hosts: all\n  - broken\n' > broken.yml
printf -- '---\n- name: One\n  hosts: all\n  tasks:\n    - name: Two\n      debug:\n        msg: three\n' > short.yml
printf -- '---\n- name: One\n  hosts: all\n  tasks:\n    - name: Two\n      ansible.builtin.debug:\n        msg: three\n' \
    > clean/site.yml
python3 - <<'PYTHON'
import json, subprocess, sys
def lint(path):
    ended = subprocess.run(
        ["ansible-lint", "--offline", "-f", "sarif", path], capture_output=True, text=True, timeout=300)
    run = json.loads(ended.stdout)["runs"][0]
    levels = sorted({(result["ruleId"], result["level"]) for result in run["results"]})
    print(path, "exits with", ended.returncode, levels, "keys of the run:", sorted(run))
    return ended.returncode, levels, run
missing = lint("missing.yml")
broken = lint("broken.yml")
short = lint("short.yml")
nothing = lint("nothing")
clean = lint("clean/site.yml")
unread = all(
    code == 2 and levels and all(rule.startswith("load-failure") and level == "warning" for rule, level in levels)
    and "invocations" not in run for code, levels, run in (missing, broken))
sys.exit(0 if unread and ("fqcn[action-core]", "error") in short[1] and nothing == clean and nothing[0] == 0 else 1)
PYTHON
