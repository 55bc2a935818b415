"""An Application Load Balancer for tests: the API is moto's, the rest is what moto has none of.

moto answers the API of Elastic Load Balancing and keeps listeners, rules, target groups and tags. It serves no traffic,
calls every target healthy, and takes any signature. So here are, beside it in one process:
- users' requests: spread over the target groups of a listener rule by the weights that moto holds at that moment, in
  turn, and over the healthy targets of the group; all of them where none is healthy, as AWS documents it;
- health checks, whose results replace moto's `healthy`: `initial` before the first, `unused` for a group of no rule;
- a judge of signatures: botocore, AWS's own implementation, computes that of every request to the API again.

It ends when its standard input does. The first line of its output is JSON with the ARNs. Faults come over /stand-in/.
"""
import collections
import http.client
import http.server
import json
import logging
import os
import sys
import threading
import urllib.parse
from xml.sax.saxutils import escape

SPEC = json.loads(sys.argv[1])
REGION, SERVICE, ACCESS, SECRET = "eu-central-1", "elasticloadbalancing", "AKID", "a-secret/key+of=tests"
os.environ.update(AWS_EC2_METADATA_DISABLED="true", NO_PROXY="*", no_proxy="*", MOTO_ALLOW_NONEXISTENT_REGION="false")
for name in [name for name in os.environ if name.startswith("AWS_") and name != "AWS_EC2_METADATA_DISABLED"]:
    del os.environ[name]
logging.getLogger("werkzeug").setLevel(logging.CRITICAL)

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
from moto.elbv2 import models
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

ACCOUNT = "123456789012"
state = {"throttle": 0, "fail": 0}
failing = set()
calls = collections.Counter()
lock = threading.Lock()


# ---------------------------------------------------------------- The API

def error(start, status, code, message):
    body = (f'<ErrorResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><Error><Type>Sender</Type>'
            f"<Code>{code}</Code><Message>{escape(message)}</Message></Error><RequestId>1</RequestId></ErrorResponse>")
    start(status, [("Content-Type", "text/xml")])
    return [body.encode()]


class Signer(botocore.auth.SigV4Auth):
    """As botocore signs, of exactly the headers that the request says are signed."""

    def headers_to_sign(self, request):
        headers = http.client.HTTPMessage()
        for name in sorted(self.names):
            headers[name] = request.headers[name]
        return headers


def signature_problem(environ, body):
    """Nil where botocore makes the same signature of a request."""
    header = environ.get("HTTP_AUTHORIZATION", "")
    if not header.startswith("AWS4-HMAC-SHA256 "):
        return "MissingAuthenticationToken", "Request is missing Authentication Token"
    parts = dict(part.strip().split("=", 1) for part in header.split(" ", 1)[1].split(","))
    key, _, region, service, _ = parts["Credential"].split("/")
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN")
    if key != ACCESS or token != SPEC.get("token"):
        return "InvalidClientTokenId", f"The security token {token} included in the request is invalid."
    headers = {"content-type": environ.get("CONTENT_TYPE", ""), "host": environ["HTTP_HOST"]}
    headers.update({k[5:].replace("_", "-").lower(): v for k, v in environ.items() if k.startswith("HTTP_")})
    names = parts["SignedHeaders"].split(";")
    for name in names:
        if name not in headers:
            return "IncompleteSignature", f"'{name}' is named as a SignedHeader, but it does not exist in the HTTP request"
    for name in ["host", "x-amz-date"] + ([] if token is None else ["x-amz-security-token"]):
        if name not in names:
            return "SignatureDoesNotMatch", f"{name} must be signed"
    request = botocore.awsrequest.AWSRequest(
        "POST", f"http://{environ['HTTP_HOST']}{environ['PATH_INFO']}", data=body)
    for name in names:
        request.headers[name] = headers[name]
    request.context["timestamp"] = headers["x-amz-date"]
    signer = Signer(botocore.credentials.Credentials(ACCESS, SECRET), service, region)
    signer.names = names
    canonical = signer.canonical_request(request)
    if signer.signature(signer.string_to_sign(request, canonical), request) != parts["Signature"]:
        return "SignatureDoesNotMatch", f"The Canonical String for this request should have been\n{canonical}"
    return None


class Api:
    def __init__(self):
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.isJudging = False

    def __call__(self, environ, start):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = __import__("io").BytesIO(body)
        if environ["PATH_INFO"].startswith("/stand-in/"):
            return self.order(environ["PATH_INFO"].split("/")[2:], start)
        action = urllib.parse.parse_qs(body.decode()).get("Action", ["?"])[0]
        if self.isJudging:
            with lock:
                calls[action] += 1
                isThrottled = state["throttle"] > 0
                if isThrottled: state["throttle"] -= 1
                isFailing = state["fail"] > 0 or action in failing
                if state["fail"] > 0: state["fail"] -= 1
            if problem := signature_problem(environ, body):
                return error(start, "403 Forbidden", *problem)
            if action in SPEC.get("denied", []):
                return error(start, "403 Forbidden", "AccessDenied", f"User: me is not authorized to perform: {SERVICE}:{action}")
            if isThrottled: return error(start, "400 Bad Request", "ThrottlingException", "Rate exceeded")
            if isFailing: return error(start, "500 Internal Server Error", "InternalFailure", "Something broke")
        return self.moto(environ, start)

    def order(self, words, start):
        answer = "ok"
        if words[0] == "calls":
            answer = json.dumps(calls)
        elif words[0] == "nodes":
            replace_nodes()
        elif words[0] == "weights":
            answer = json.dumps({group(arn).name: weight for arn, weight in forward()})
        elif words[0] == "tags":
            answer = json.dumps(balancers().describe_tags([ARNS["balancer"]])[ARNS["balancer"]])
        elif words[0] == "failing":
            failing.clear()
            failing.add(words[1])
        elif words[0] == "set":
            # As a person does, in the console.
            rule = balancers().describe_rules(None, [ARNS["rule"]])[0]
            for member in rule.actions[0].data["ForwardConfig"]["TargetGroups"]:
                if member["TargetGroupArn"] == ARNS[words[1]]: member["Weight"] = int(words[2])
        elif words[0] in state:
            state[words[0]] = int(words[1])
        start("200 OK", [("Content-Type", "text/plain")])
        return [answer.encode()]


class Handler(MotoRequestHandler):
    def log_message(self, *_): pass
    def log_request(self, *_): pass


# ---------------------------------------------------------------- Health, as the checks find it

health = {}


def health_for(self, target, ec2):
    found = FOUND(self, target, ec2)
    if found.status != "healthy" or found.instance_id.startswith("i-"): return found
    if not any(self.arn == arn for arn, _ in forward()):
        return models.FakeHealthStatus(found.instance_id, found.port, found.health_check_port, "unused", "Target.NotInUse")
    status, reason = health.get((found.instance_id, int(found.port)), ("initial", "Elb.RegistrationInProgress"))
    found.status, found.reason = status, reason
    return found


FOUND = models.FakeTargetGroup.health_for
models.FakeTargetGroup.health_for = health_for


def check(target):
    connection = http.client.HTTPConnection(target[0], target[1], timeout=0.5)
    try:
        connection.request("GET", SPEC.get("path", "/"), headers={"Host": "check"})
        isGood = connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        isGood = False
    finally:
        connection.close()
    health[target] = ("healthy", None) if isGood else ("unhealthy", "Target.FailedHealthChecks")


INTERVAL = 0.2
ended = threading.Event()


def check_all():
    while not ended.wait(INTERVAL):
        threads = [threading.Thread(target=check, args=[target]) for arn in list(balancers().target_groups)
                   for target in targets(arn)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()


# ---------------------------------------------------------------- Users' requests

def balancers(): return models.elbv2_backends[ACCOUNT][REGION]
def group(arn): return balancers().target_groups[arn]
def targets(arn): return [(t["Id"], int(t["Port"])) for t in list(group(arn).targets.values())]


def forward():
    """Target groups and weights of the rule that users come to, by moto's word."""
    try:
        rules = balancers().describe_rules(None, [ARNS["rule"]]) if "rule" in ARNS else []
    except Exception:
        return []
    for rule in rules:
        for action in rule.actions:
            config = action.data.get("ForwardConfig") or {}
            groups = config.get("TargetGroups") or [{"TargetGroupArn": action.data.get("TargetGroupArn"), "Weight": 1}]
            return [(g["TargetGroupArn"], int(g.get("Weight", 1))) for g in groups]
    return []


credit, turn = collections.Counter(), collections.Counter()


def choose():
    """A target; nil where no group has weight or targets. In turn, so that few requests show the shares."""
    with lock:
        groups = [(arn, weight) for arn, weight in forward() if weight > 0]
        if not groups: return None
        for arn in list(credit):
            if arn not in dict(groups): del credit[arn]
        for arn, weight in groups: credit[arn] += weight
        arn = max(groups, key=lambda g: credit[g[0]])[0]
        credit[arn] -= sum(weight for _, weight in groups)
        all_targets = targets(arn)
        good = [t for t in all_targets if health.get(t, ("initial",))[0] == "healthy"] or all_targets
        if not good: return None
        turn[arn] += 1
        return good[turn[arn] % len(good)]


class Front(http.server.BaseHTTPRequestHandler):
    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("connection", "content-length", "transfer-encoding", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def act(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = choose()
        if target is None: return self.answer(503, b"no target")
        connection = http.client.HTTPConnection(*target, timeout=30)
        try:
            connection.request(self.command, self.path, body or None, dict(self.headers.items()))
            response = connection.getresponse()
            self.answer(response.status, response.read(), response.getheaders())
        except (OSError, http.client.HTTPException):
            self.answer(502, b"bad gateway")
        finally:
            connection.close()

    do_GET = do_POST = do_PUT = do_DELETE = act

    def log_message(self, *_): pass

    def handle_one_request(self):
        try: super().handle_one_request()
        except OSError: self.close_connection = True


class FrontServer(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_): pass


fronts = []


def replace_nodes():
    """As AWS does now and then: other machines serve, with what the API holds."""
    for server in fronts:
        server.shutdown()
        server.server_close()
    fronts[:] = [FrontServer(("127.0.0.1", SPEC["front"]), Front)]
    threading.Thread(target=fronts[0].serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


# ---------------------------------------------------------------- What stands there at the beginning

ARNS = {}


def build():
    config = botocore.config.Config(region_name=REGION, retries={"total_max_attempts": 1}, proxies={})
    keys = dict(aws_access_key_id=ACCESS, aws_secret_access_key=SECRET, endpoint_url=f"http://127.0.0.1:{SPEC['api']}",
                config=config)
    ec2, elb = boto3.client("ec2", **keys), boto3.client("elbv2", **keys)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{i}.0/24", AvailabilityZone=REGION + zone)["Subnet"]["SubnetId"]
               for i, zone in enumerate("ab")]
    balancer = elb.create_load_balancer(Name="edge", Subnets=subnets, Type="application")["LoadBalancers"][0]["LoadBalancerArn"]
    weighed = []
    for name, content in SPEC["groups"].items():
        arn = elb.create_target_group(
            Name=name, Protocol="HTTP", Port=80, VpcId=vpc, TargetType=content.get("type", "ip"),
            HealthCheckIntervalSeconds=5)["TargetGroups"][0]["TargetGroupArn"]
        ARNS[name] = arn
        if content["targets"]:
            elb.register_targets(TargetGroupArn=arn, Targets=[
                {"Id": t.rsplit(":", 1)[0], "Port": int(t.rsplit(":", 1)[1])} for t in content["targets"]])
        attributes = {"deregistration_delay.timeout_seconds": "0"} | content.get("attributes", {})
        elb.modify_target_group_attributes(
            TargetGroupArn=arn, Attributes=[{"Key": k, "Value": v} for k, v in attributes.items()])
        if "weight" in content: weighed.append({"TargetGroupArn": arn, "Weight": content["weight"]})
    stickiness = SPEC.get("stickiness", 0)
    sticky = {"Enabled": True, "DurationSeconds": stickiness} if stickiness else {"Enabled": False}
    actions = [{"Type": "forward", "ForwardConfig": {"TargetGroups": weighed, "TargetGroupStickinessConfig": sticky}}]
    other = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain"}}]
    isDefault = SPEC.get("default", False)
    listener = elb.create_listener(
        LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=actions if isDefault else other
    )["Listeners"][0]["ListenerArn"]
    if isDefault:
        rule = elb.describe_rules(ListenerArn=listener)["Rules"][0]["RuleArn"]
    else:
        rule = elb.create_rule(ListenerArn=listener, Priority=10, Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
                               Actions=actions)["Rules"][0]["RuleArn"]
    for priority, extra in enumerate(SPEC.get("extra", []), 20):
        ARNS[f"extra-{priority}"] = elb.create_rule(
            ListenerArn=listener, Priority=priority, Conditions=[{"Field": "host-header", "Values": [f"h{priority}"]}],
            Actions=[{"Type": "forward", "TargetGroupArn": ARNS[extra]}])["Rules"][0]["RuleArn"]
    ARNS.update(balancer=balancer, listener=listener, rule=rule)


api = Api()
server = make_server("127.0.0.1", SPEC["api"], api, True, request_handler=Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
try:
    build()
except Exception as problem:
    sys.exit(f"the load balancer could not be built: {problem}")
replace_nodes()
threading.Thread(target=check_all, daemon=True).start()
api.isJudging = True
print(json.dumps(ARNS), flush=True)
sys.stdin.buffer.read()
ended.set()
os._exit(0)
