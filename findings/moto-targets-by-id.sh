#!/usr/bin/env bash
# moto 5.2: a target group keeps one target for each id, whatever the port, and calls every IP address healthy.
#
# An address may be registered in a target group several times, with another port each time: that is how containers on
# one host are targets. moto keeps them by `Id` alone: the second takes the first one's place, and deregistering one
# deregisters both. DescribeTargetHealth answers `healthy` for every address, also in a target group that no rule uses
# (AWS: `unused`, Target.NotInUse), and nothing in moto's own control interface changes that. Seen on 5.2.5. Whoever tests
# with it gives each target an address of its own, and checks health beside it.
#
# Needs python3 with venv and pip; touches 127.0.0.1 only. Exits with 0 while it is so, with 1 once it is not.
set -euo pipefail
checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q --disable-pip-version-check --no-deps --only-binary :all: \
    --requirement "$checkout/scripts/requirements-moto.txt"
AWS_EC2_METADATA_DISABLED=true "$folder/venv/bin/python" - <<'PYTHON'
import sys
import boto3, moto
with moto.mock_aws():
    keys = dict(region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
    vpc = boto3.client("ec2", **keys).create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    elb = boto3.client("elbv2", **keys)
    group = elb.create_target_group(Name="g", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip"
                                    )["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.5", "Port": port} for port in (31001, 31002)])
    health = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    shown = [(h["Target"]["Port"], h["TargetHealth"]["State"]) for h in health]
    print("moto", moto.__version__, "- two ports of one address registered, shown:", shown)
    sys.exit(0 if shown == [(31002, "healthy")] else 1)
PYTHON
