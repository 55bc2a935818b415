"""An app's whole life through marathon-python: create, list, scale, restart, roll back, kill tasks, delete."""
import sys

from support import client, eventually
from marathon import MarathonApp, NotFoundError
from marathon.models.container import MarathonContainer, MarathonDockerContainer
from marathon.models import MarathonHealthCheck

c = client(sys.argv[1])


def settled(app_id, instances):
    def check():
        app = c.get_app(app_id, embed_tasks=True, embed_counts=True, embed_deployments=True, embed_readiness=True)
        return app.tasks_running == instances and len(app.tasks) == instances and not app.deployments

    eventually(f"{app_id} runs {instances} times", check)
    return c.get_app(app_id)


assert c.ping() == b'"pong"', c.ping()
info = c.get_info()
assert info.name == "marathon" and info.elected and info.framework_id.endswith("-0000")
assert info.marathon_config.features is not None
assert c.get_leader()["leader"] == info.leader
assert "gauges" in c.get_metrics()
assert c.list_apps() == []

app = MarathonApp(cmd="exec sleep 300", mem=16, cpus=0.1, instances=2, env={"A": "1"}, labels={"tier": "web"})
created = c.create_app("shop/web", app)
assert created.id == "/shop/web" and created.instances == 2 and created.deployments[0].id
first = settled("/shop/web", 2)
assert first.version_info.last_config_change_at is not None
assert [a.id for a in c.list_apps(embed_tasks=True, embed_counts=True, label="tier==web")] == ["/shop/web"]
assert len(c.list_tasks("/shop/web")) == 2 and len(c.list_tasks()) == 2
assert len(c.list_endpoints()) >= 2

c.scale_app("/shop/web", 3)
settled("/shop/web", 3)
c.scale_app("shop/web", delta=-2)
settled("/shop/web", 1)

before = {task.id for task in c.list_tasks("/shop/web")}
restarted = c.restart_app("/shop/web")
assert restarted["deploymentId"]
settled("/shop/web", 1)
assert before.isdisjoint(task.id for task in c.list_tasks("/shop/web"))

c.update_app("/shop/web", MarathonApp(env={"A": "2"}), force=True)
assert settled("/shop/web", 1).env == {"A": "2"}
versions = c.list_versions("/shop/web")
assert len(versions) >= 4, versions
oldest = c.get_version("/shop/web", versions[-1])
assert oldest.env == {"A": "1"} and oldest.instances == 2
c.rollback_app("/shop/web", versions[-1], force=True)
assert settled("/shop/web", 2).env == {"A": "1"}

task = c.list_tasks("/shop/web")[0]
assert c.kill_task("/shop/web", task.id, scale=True)["deploymentId"]
settled("/shop/web", 1)
c.kill_given_tasks([c.list_tasks("/shop/web")[0].id], scale=True)
settled("/shop/web", 0)
c.scale_app("/shop/web", 2)
settled("/shop/web", 2)
killed = {task.id for task in c.list_tasks("/shop/web")}
c.kill_tasks("/shop/web")
eventually("both tasks were replaced", lambda: killed.isdisjoint(t.id for t in c.list_tasks("/shop/web")))
settled("/shop/web", 2)

both = [MarathonApp(id="/shop/web", env={"A": "3"}), MarathonApp(id="/shop/db", cmd="exec sleep 300", cpus=0.1, mem=16)]
assert c.update_apps(both, force=True)["deploymentId"]
settled("/shop/web", 2)
settled("/shop/db", 1)

image = MarathonContainer(docker=MarathonDockerContainer(image="shop/api:1", network="BRIDGE",
                                                         port_mappings=[{"containerPort": 80, "hostPort": 0}]))
c.create_app("/shop/api", MarathonApp(container=image, cpus=0.1, mem=16, instances=0))
shown = c.get_app("/shop/api")
assert shown.networks == [{"mode": "container/bridge"}] and not hasattr(shown.container.docker, "network")
assert shown.container.port_mappings[0].service_port >= 10000

for app_id in ["/shop/web", "/shop/db", "/shop/api"]:
    c.delete_app(app_id, force=True)
eventually("no task is left", lambda: c.list_tasks() == [])
try:
    c.get_app("/shop/web")
    raise AssertionError("the app is still there")
except NotFoundError:
    pass
print("done")
