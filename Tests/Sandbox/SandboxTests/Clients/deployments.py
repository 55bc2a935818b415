"""Deployments, locks, the queue and groups through marathon-python, and where its models end."""
import sys

from support import client, eventually
from marathon import MarathonApp, MarathonHttpError
from marathon.exceptions import ConflictError
from marathon.models import MarathonGroup

c = client(sys.argv[1])


def idle():
    eventually("no deployment is left", lambda: c.list_deployments() == [])


assert c.list_queue() == []
stuck = MarathonApp(cmd="exec sleep 300", cpus=100)
c.create_app("/stuck", stuck)
deployment = c.list_deployments()[0]
assert deployment.affected_apps == ["/stuck"] and deployment.total_steps == 2
assert [a.action for a in deployment.current_actions] == ["ScaleApplication"]
try:
    c.scale_app("/stuck", 2)
    raise AssertionError("the app is not locked")
except ConflictError as error:
    assert "locked by one or more deployments" in error.error_message, error

# Marathon 1.9 and later put a role into each entry of the queue, which this client's model does not know.
try:
    c.list_queue()
    raise AssertionError("the client has learnt what a role is; check its queue here")
except TypeError as error:
    assert "role" in str(error), error
c.reset_delay("/stuck")

assert c.delete_deployment(deployment.id, force=True) == {}
assert c.list_deployments() == []
c.update_app("/stuck", MarathonApp(cpus=200), force=True)
rollback = c.delete_deployment(c.list_deployments()[0].id)
assert rollback["deploymentId"]
assert c.get_app("/stuck").cpus == 100
c.delete_app("/stuck", force=True)
idle()

group = MarathonGroup(id="/shop", apps=[MarathonApp(id="web", cmd="exec sleep 300", cpus=0.1, mem=16, instances=1)],
                      groups=[MarathonGroup(id="data", apps=[MarathonApp(id="db", cmd="exec sleep 300", cpus=0.1, mem=16)])])
assert c.create_group(group)["deploymentId"]
idle()
assert sorted(app.id for app in c.list_apps()) == ["/shop/data/db", "/shop/web"]
assert c.scale_group("/shop", 2)["deploymentId"]
idle()
assert c.get_app("/shop/web").instances == 2
assert c.update_group("/shop", MarathonGroup(apps=[MarathonApp(id="web", cmd="exec sleep 301", cpus=0.1, mem=16)]))
idle()
assert c.get_app("/shop/web").cmd == "exec sleep 301" and c.get_app("/shop/data/db").instances == 2
# Marathon 1.9 and later show enforceRole of every group, which this client's model does not know.
for read in [lambda: c.get_group("/shop"), c.list_groups]:
    try:
        read()
        raise AssertionError("the client has learnt what enforceRole is; check its groups here")
    except TypeError as error:
        assert "enforce_role" in str(error), error
# It puts to a path that no Marathon of version 2 of the API has.
try:
    c.rollback_group("/shop", "2015-01-01T00:00:00.000Z")
    raise AssertionError("that path is no way to roll back")
except MarathonHttpError:
    pass
assert c.delete_group("/shop", force=True)["deploymentId"]
idle()
assert c.list_apps() == []
print("done")
