"""AWS for a test: moto's API, with the network of environments/aws as its own root module would make it.

GET / of the second port says what there is, by the tag `color`, and names an image to make servers from. Ends with the
process that holds the other end of its input.
"""
import http.server
import json
import logging
import os
import sys
import threading

os.environ.update(AWS_EC2_METADATA_DISABLED="true", AWS_ACCESS_KEY_ID="AKID", AWS_SECRET_ACCESS_KEY="secret", NO_PROXY="*")
logging.getLogger("werkzeug").setLevel(logging.CRITICAL)

import boto3
from moto.elbv2 import models
from moto.elbv2.exceptions import InvalidTargetError
from moto.server import ThreadedMotoServer

# The provider repeats a call whose answer is late. AWS lets go of a target that is gone already; moto does not.
deregister = models.FakeTargetGroup.deregister


def deregister_once(group, targets):
    try:
        deregister(group, targets)
    except InvalidTargetError:
        pass


models.FakeTargetGroup.deregister = deregister_once

api, port = int(sys.argv[1]), int(sys.argv[2])
region, zone = "eu-central-1", "eu-central-1a"
ThreadedMotoServer(ip_address="127.0.0.1", port=api, verbose=False).start()
place = {"region_name": region, "endpoint_url": f"http://127.0.0.1:{api}"}
ec2, elb = boto3.client("ec2", **place), boto3.client("elbv2", **place)

vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
ec2.create_tags(Resources=[subnet], Tags=[{"Key": "Name", "Value": f"shop-{zone}"}])
ec2.create_security_group(GroupName="shop-servers", Description="servers", VpcId=vpc)
groups = {
    color: elb.create_target_group(
        Name=f"shop-{color}", Port=31001, Protocol="HTTP", TargetType="instance", VpcId=vpc,
        HealthCheckPath="/health")["TargetGroups"][0]["TargetGroupArn"]
    for color in ("blue", "green")}
image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]


def state():
    servers = {}
    for reservation in ec2.describe_instances()["Reservations"]:
        for instance in reservation["Instances"]:
            tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
            if instance["State"]["Name"] == "running":
                servers.setdefault(tags.get("color", "none"), []).append(tags.get("Name", ""))
    # The disks of instances themselves are none of the data.
    is_data = lambda volume: any(
        tag["Key"] == "Name" and tag["Value"].startswith("db-data") for tag in volume.get("Tags", []))
    targets = {
        color: len(elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"])
        for color, arn in groups.items()}
    volumes = [volume["VolumeId"] for volume in ec2.describe_volumes()["Volumes"] if is_data(volume)]
    return {"image": image, "servers": {color: sorted(names) for color, names in servers.items()}, "targets": targets, "volumes": volumes}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(state()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
os._exit(0)
