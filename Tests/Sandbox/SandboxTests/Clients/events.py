"""What marathon-python hears on /v2/events while an app comes and goes."""
import json
import sys
import threading

from support import client, eventually
from marathon import MarathonApp
from marathon.models.events import EventFactory

# Since Marathon 1.9 the plan in these has neither `original` nor `target`, which this client's model cannot do without.
PLANS = {"deployment_info", "deployment_step_success", "deployment_step_failure"}

c = client(sys.argv[1])
modelled, raw, failures = [], [], []


def listen(heard, **options):
    try:
        for event in c.event_stream(**options):
            heard.append(event)
    except Exception as error:
        failures.append(error)


def kinds(heard):
    assert not failures, failures
    return [EventFactory.class_to_event[type(e)] if hasattr(e, "event_type") else json.loads(e)["eventType"]
            for e in list(heard)]


def attach(heard, **options):
    threading.Thread(target=listen, args=(heard,), kwargs=options, daemon=True).start()
    eventually("the stream is attached", lambda: "event_stream_attached" in kinds(heard))


attach(modelled, event_types=sorted(set(EventFactory.event_to_class) - PLANS))
attach(raw, raw=True)
c.create_app("/web", MarathonApp(cmd="exec sleep 300", cpus=0.1, mem=16, health_checks=[
    {"protocol": "COMMAND", "command": {"value": "true"}, "intervalSeconds": 1}]))
eventually("the deployment succeeded", lambda: "deployment_success" in kinds(modelled))
c.scale_app("/web", 2)
eventually("there were two deployments", lambda: kinds(modelled).count("deployment_success") == 2)
c.delete_app("/web")
eventually("the app ended", lambda: "app_terminated_event" in kinds(modelled))
eventually("so it did in the other stream", lambda: "app_terminated_event" in kinds(raw))

wanted = {"api_post_event", "group_change_success", "status_update_event", "instance_changed_event",
          "health_status_changed_event", "instance_health_changed_event"}
assert wanted <= set(kinds(modelled)), wanted - set(kinds(modelled))
assert not PLANS & set(kinds(modelled)), kinds(modelled)
assert wanted | {"deployment_info", "deployment_step_success"} <= set(kinds(raw)), kinds(raw)
states = [e.task_status for e in modelled if e.event_type == "status_update_event"]
assert {"TASK_STAGING", "TASK_RUNNING", "TASK_KILLED"} <= set(states), states
assert all(e.timestamp for e in modelled)
plan = next(json.loads(e) for e in raw if json.loads(e)["eventType"] == "deployment_info")["plan"]
assert set(plan) == {"id", "version", "steps"}, plan
print("done")
