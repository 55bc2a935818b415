#!/usr/bin/env bash
# checkov 3.3.30: `-o sarif` prints no SARIF, and the file that it writes has another name with each option.
#
# `-o json` and `-o junitxml` print their report on standard output, and so does `-o sarif` in most linters: a pipeline
# that redirects it gets a banner and one sentence. The report is `results.sarif` in the current folder; with
# `--output-file-path FOLDER` it is `FOLDER/results_sarif.sarif`. Expected: the report on standard output, as for JSON,
# and one name.
#
# Needs python3 with venv and PyPI. Exits with 0 while this is so, with 1 once it is not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install -q checkov==3.3.30
export PATH="$folder/tools/bin:$PATH"
checkov --version
mkdir work work/module work/out
printf 'resource "null_resource" "one" {}\n' > work/module/main.tf
cd work
scan() { checkov -d module --framework terraform --skip-download "$@" 2>/dev/null; }
scan -o json > printed.json
scan -o sarif > printed.sarif
scan -o sarif --output-file-path out > /dev/null
python3 - <<'PYTHON'
import json, pathlib, sys
def is_json(path):
    try:
        json.loads(pathlib.Path(path).read_text())
        return True
    except ValueError:
        return False
written = sorted(str(path) for path in pathlib.Path(".").rglob("*.sarif") if path.name != "printed.sarif")
print("JSON on standard output:", is_json("printed.json"), "SARIF on standard output:", is_json("printed.sarif"))
print("files:", written)
same = [json.loads(pathlib.Path(path).read_text())["version"] for path in written] == ["2.1.0", "2.1.0"]
expected = written == ["out/results_sarif.sarif", "results.sarif"]
sys.exit(0 if is_json("printed.json") and not is_json("printed.sarif") and expected and same else 1)
PYTHON
