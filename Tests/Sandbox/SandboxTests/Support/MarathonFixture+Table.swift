import JSON

@testable import Sandbox

extension MarathonFixture {
    /// Every file of the folder.
    static let table: [String: (kind: Kind, verdict: Verdict)] = [
        "dcos-core-cli__file__follow.json": (.app, .accepted),
        "dcos-core-cli__file__two_tasks.json": (.app, .accepted),
        "dcos-core-cli__helloworld-universe.json": (.app, .accepted),
        "dcos-core-cli__marathon__apps__app_add_400.json": (.app, .refused(400, "/container/docker/network")),
        "dcos-core-cli__marathon__apps__hello-stderr.json": (.app, .accepted),
        "dcos-core-cli__marathon__apps__sleep-completed.json": (.app, .accepted),
        "dcos-core-cli__marathon__apps__sleep.json": (.app, .accepted),
        "dcos-core-cli__marathon__apps__sleep1.json": (.app, .accepted),
        "dcos-core-cli__marathon__apps__sleep_many_instances.json": (.app, .accepted),
        "dcos-core-cli__marathon__apps__stuck_sleep.json": (.app, .accepted),
        "dcos-core-cli__marathon__apps__zero_instance_sleep_v2.json": (.app, .accepted),
        "dcos-core-cli__marathon__groups__complicated.json": (.group, .accepted),
        "dcos-core-cli__marathon__groups__scale.json": (.group, .accepted),
        "dcos-core-cli__marathon__groups__update_good.json": (.apps, .accepted),
        "dcos-core-cli__marathon__pods__double.json": (.pod, .accepted),
        "dcos-core-cli__marathon__pods__doubleplusgood.json": (.pod, .accepted),
        "dcos-core-cli__marathon__pods__good.json": (.pod, .accepted),
        "dcos-core-cli__marathon__pods__pod_kill.json": (.pod, .accepted),
        "dcos-core-cli__marathon__pods__stuck_sleep.json": (.pod, .accepted),
        "dcos-core-cli__marathon__pods__ungood.json": (.pod, .accepted),
        "dcos-core-cli__marathon__pods__updated_good.json": (.pod, .accepted),
        "dcos-core-cli__package__json__test_describe_app_cli.json": (.app, .refused(422, "/id")),
        "dcos-core-cli__package__json__test_describe_app_helloworld.json": (.app, .refused(422, "/id")),
        "dcos-core-cli__package__json__test_describe_app_options.json": (.app, .accepted),
        "dcos-core-cli__package__json__test_describe_helloworld_app_id_render.json": (.app, .accepted),
        "dcos-core-cli__package__json__test_describe_helloworld_app_render.json": (.app, .accepted),
        "dcos-core-cli__tasks__cat-app.json": (.app, .accepted),
        "dcos-core-cli__tasks__download-app.json": (.app, .accepted),
        "dcos-core-cli__tasks__ls-app.json": (.app, .accepted),
        "dcos-ui__plugins__services__src__js__containers__service-connection____tests____fixtures__ServiceWithEndpoints.json":
            (.app, .accepted),
        "dcos-ui__plugins__services__src__js__containers__service-connection____tests____fixtures__ServiceWithoutEndpoints.json":
            (.app, .accepted),
        "dcos-ui__plugins__services__src__js__data__groups____tests_____fixtures__marathon-groups-with-roles.json": (
            .group, .refused(422, "/groups(1)/apps(0)/role")
        ),
        "dcos-ui__plugins__services__src__js__data__groups____tests_____fixtures__marathon-groups.json": (
            .group, .accepted
        ),
        "dcos-ui__tests___fixtures__1-app-for-each-health__app.json": (
            .apps, .acceptedWithout(["uris", "ports"], 422, "cannot specify both uris and fetch fields")
        ),
        "dcos-ui__tests___fixtures__1-service-with-executor-task__app.json": (
            .apps, .acceptedWithout(["uris", "ports"], 422, "cannot specify both uris and fetch fields")
        ),
        "dcos-ui__tests___fixtures__deployments__starting-deployment.json": (
            .app, .notSubmitted("the answer of GET /v2/deployments")
        ),
        "dcos-ui__tests___fixtures__deployments__three-deployments.json": (
            .app, .notSubmitted("the answer of GET /v2/deployments")
        ),
        "dcos-ui__tests___fixtures__marathon-1-group__groups.json": (
            .group, .acceptedWithout(["version"], 422, "/groups(0)/version")
        ),
        "dcos-ui__tests___fixtures__marathon-1-group__kafka.json": (
            .group, .acceptedWithout(["uris", "ports"], 422, "cannot specify both uris and fetch fields")
        ),
        "dcos-ui__tests___fixtures__marathon-1-pod-group__groups-delayed.json": (
            .group, .acceptedWithout(["version"], 422, "/version")
        ),
        "dcos-ui__tests___fixtures__marathon-1-task-with-volumes__groups.json": (
            .group,
            .acceptedWithout(
                ["uris", "ports", "unreachableStrategy"], 422, "cannot specify both ports and port definitions")
        ),
        "dcos-ui__tests___fixtures__marathon-1-task__app-suspended-single-instance.json": (
            .apps, .refused(400, "/labels/MARATHON_SINGLE_INSTANCE_APP")
        ),
        "dcos-ui__tests___fixtures__marathon-1-task__app-version-1.json": (.app, .accepted),
        "dcos-ui__tests___fixtures__marathon-1-task__app-version-2.json": (.app, .accepted),
        "dcos-ui__tests___fixtures__marathon-1-task__app.json": (.apps, .accepted),
        "dcos-ui__tests___fixtures__marathon-1-task__deleting__app.json": (.apps, .refused(400, "/env/SDK_UNINSTALL")),
        "dcos-ui__tests___fixtures__marathon-1-task__deleting__groups.json": (
            .group, .refused(400, "/apps(0)/env/SDK_UNINSTALL")
        ),
        "dcos-ui__tests___fixtures__marathon-1-task__groups-region.json": (.group, .refused(422, "/groups(0)/version")),
        "dcos-ui__tests___fixtures__marathon-1-task__groups-sdk-services.json": (
            .group, .acceptedWithout(["version"], 422, "/version")
        ),
        "dcos-ui__tests___fixtures__marathon-1-task__groups-suspended-sdk-services.json": (
            .group, .acceptedWithout(["version"], 422, "/version")
        ),
        "dcos-ui__tests___fixtures__marathon-1-task__groups-suspended-single-instance.json": (
            .group, .refused(400, "/apps(0)/labels/MARATHON_SINGLE_INSTANCE_APP")
        ),
        "dcos-ui__tests___fixtures__marathon-1-task__groups-suspended.json": (.group, .accepted),
        "dcos-ui__tests___fixtures__marathon-1-task__groups-two-regions.json": (
            .group, .refused(422, "/groups(0)/version")
        ),
        "dcos-ui__tests___fixtures__marathon-1-task__recovering__app.json": (.apps, .accepted),
        "dcos-ui__tests___fixtures__resource-limits__groups.json": (
            .group, .acceptedWithout(["version"], 422, "/version")
        ),
        "examples__spinnaker__1.10__misc__minio.json": (.app, .accepted),
        "examples__spinnaker__1.10__misc__proxy.json": (.app, .accepted),
        "examples__tomcat__1.8__tomcat.json": (.app, .accepted),
        "examples__vamp__1.10__elasticsearch.json": (.app, .accepted),
        "examples__vamp__1.8__elasticsearch.json": (.app, .accepted),
        "go-marathon__tests__app-definitions__TestApplicationString-1.5-output.json": (.app, .accepted),
        "go-marathon__tests__app-definitions__TestApplicationString-output.json": (.app, .accepted),
        "mantl__examples__hello-world__hello-world.json": (.app, .accepted),
        "mantl__examples__jupyter__jupyter.json": (.app, .accepted),
        "mantl__examples__kong__kong.json": (.app, .accepted),
        "mantl__examples__minecraft__minecraft.json": (.app, .accepted),
        "marathon-consul__apps__testdata__apps.json": (.apps, .accepted),
        "marathon-consul__apps__testdata__lorem-ipsum.json": (.wrappedApp, .accepted),
        "marathon-lb__ci__backends_1.9__docker_bridge.json": (
            .app, .refused(422, "cannot specify both portMappings and docker.portMappings")
        ),
        "marathon-lb__ci__backends_1.9__docker_host.json": (
            .app, .refused(422, "must not specify both container.docker.network and networks")
        ),
        "marathon-lb__ci__backends_1.9__ucr_host.json": (.app, .accepted),
        "marathon-lb__ci__backends__docker_bridge.json": (.app, .accepted),
        "marathon-lb__ci__backends__docker_ippc.json": (.app, .accepted),
        "marathon-lb__ci__backends__ucr_bridge.json": (.app, .accepted),
        "marathon-lb__tests__1-nginx-marathon1.5.json": (.app, .accepted),
        "marathon-lb__tests__1-nginx.json": (.app, .accepted),
        "marathon-lb__tests__zdd_app_blue.json": (.apps, .accepted),
        "marathon-lb__tests__zdd_app_blue_marathon1.5.json": (.apps, .accepted),
        "marathon-lb__tests__zdd_apps.json": (.apps, .accepted),
        "marathon__api-examples__app-check-http-example.json": (.app, .accepted),
        "marathon__api-examples__app.json": (
            .app, .refused(422, "ipAddress/discovery is not allowed in conjunction with container.portMappings")
        ),
        "marathon__api-examples__app_patch.json": (.app, .notSubmitted("a partial update; see \"partial updates\"")),
        "marathon__api-examples__app_tasks.json": (.app, .notSubmitted("the answer of GET /v2/apps/{id}/tasks")),
        "marathon__api-examples__apps_patch.json": (.app, .notSubmitted("a partial update; see \"partial updates\"")),
        "marathon__api-examples__deployment_steps.json": (.app, .notSubmitted("the answer to a dry run")),
        "marathon__api-examples__deployments.json": (.app, .notSubmitted("the answer of GET /v2/deployments")),
        "marathon__api-examples__deployments_result.json": (.app, .notSubmitted("the answer to a change")),
        "marathon__api-examples__events.txt": (.broken, .refused(400, "Invalid JSON")),
        "marathon__api-examples__group.json": (.group, .acceptedWithout(["version"], 422, "/version")),
        "marathon__api-examples__tasks.json": (.app, .notSubmitted("the answer of GET /v2/tasks")),
        "marathon__tests__system__apps__app-with-https-readiness-checks.json": (.app, .accepted),
        "marathon__tests__system__apps__docker-http-server.json": (.app, .accepted),
        "marathon__tests__system__apps__docker-nginx-ssl.json": (.app, .accepted),
        "marathon__tests__system__apps__external-volume-mesos-app.json": (.app, .needsFeature("external_volumes")),
        "marathon__tests__system__apps__fake-framework.json": (.app, .accepted),
        "marathon__tests__system__apps__healthcheck-and-volume.json": (.app, .accepted),
        "marathon__tests__system__apps__http-server.json": (.app, .accepted),
        "marathon__tests__system__apps__ipv6-healthcheck.json": (.app, .accepted),
        "marathon__tests__system__apps__large-sleep.json": (.app, .accepted),
        "marathon__tests__system__apps__mesos-app.json": (.app, .accepted),
        "marathon__tests__system__apps__persistent-volume-app.json": (.app, .accepted),
        "marathon__tests__system__apps__pinger-bridge-app.json": (.app, .accepted),
        "marathon__tests__system__apps__pinger-container-app.json": (.app, .accepted),
        "marathon__tests__system__apps__pinger-localhost-app.json": (.app, .accepted),
        "marathon__tests__system__apps__resident-docker-app.json": (.app, .accepted),
        "marathon__tests__system__apps__sleep-app.json": (.app, .accepted),
        "marathon__tests__system__apps__ucr-docker-http-server.json": (.app, .accepted),
        "marathon__tests__system__fixtures__mom-ee-permissive-1.5.json": (.app, .needsFeature("secrets")),
        "marathon__tests__system__fixtures__universe.json": (.app, .accepted),
        "marathon__tests__system__groups__sleep-group.json": (.group, .accepted),
        "marathon__tests__system__pods__container-bridge-pod.json": (.pod, .accepted),
        "marathon__tests__system__pods__container-net-pod.json": (.pod, .accepted),
        "marathon__tests__system__pods__ephemeral-volume-pod.json": (.pod, .accepted),
        "marathon__tests__system__pods__persistent-volume-pod.json": (.pod, .accepted),
        "marathon__tests__system__pods__private-docker-pod.json": (.pod, .needsFeature("secrets")),
        "marathon__tests__system__pods__test-pod.json": (.pod, .refused(422, "/containers(0)/name")),
        "minimesos__cli__src__test__resources__app.json": (.app, .accepted),
        "minimesos__cli__src__test__resources__group.json": (.group, .refused(422, "/id")),
        "minimesos__minimesos__src__main__resources__marathon__elasticsearch.json": (.app, .accepted),
        "minimesos__minimesos__src__main__resources__marathon__mesos-consul.json": (.app, .accepted),
        "zdd-lab__blue-green__blue.json": (.app, .accepted),
        "zdd-lab__blue-green__green.json": (.app, .accepted),
        "zdd-lab__default__base-health.json": (.app, .accepted),
        "zdd-lab__default__base-ready.json": (.app, .accepted),
    ]
}
