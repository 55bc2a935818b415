import JSON
import Migration
import Testing

@testable import Clusters

@Suite("What Mesos reports of a task")
struct TaskContentTests {
    /// As Mesos 1.11 writes a task of Marathon, a container of Docker with a volume, two ports and a health check.
    private func task(id: String, hostPort: Int, image: String = "nginx:1.25") throws -> JSON {
        try JSON(
            parsing: """
                {"id": "\(id)", "name": "web.shop", "framework_id": "f", "slave_id": "s-\(hostPort)",
                 "state": "TASK_RUNNING", "user": "root",
                 "resources": {"cpus": 0.5, "mem": 64.0, "disk": 0.0, "gpus": 0.0, "ports": "[\(hostPort)-\(hostPort + 1)]"},
                 "labels": [{"key": "team", "value": "shop"}],
                 "statuses": [{"state": "TASK_RUNNING", "container_status": {"network_infos": [{"name": "web"}]}}],
                 "discovery": {"visibility": "FRAMEWORK", "name": "web.shop",
                    "ports": {"ports": [{"number": \(hostPort), "name": "http", "protocol": "tcp"}]}},
                 "health_check": {"type": "HTTP", "interval_seconds": 5.0, "http": {"path": "/up", "port": \(hostPort)}},
                 "container": {"type": "DOCKER", "docker": {"image": "\(image)", "network": "USER", "privileged": false,
                    "port_mappings": [{"container_port": 80, "host_port": \(hostPort), "protocol": "tcp"}],
                    "parameters": [{"key": "label", "value": "MESOS_TASK_ID=\(id)"}, {"key": "memory-swap", "value": "0"}]},
                    "network_infos": [{"name": "web", "ip_addresses": [{"protocol": "IPv4"}]}],
                    "volumes": [{"mode": "RW", "container_path": "/data", "host_path": "/srv/data"}]}}
                """)
    }

    @Test("is the same wherever it runs: hosts, ports and ids of a launch do not count")
    func anywhere() throws {
        let here = TaskContent(task: try task(id: "shop_web.instance-1", hostPort: 31_000))
        let there = TaskContent(task: try task(id: "shop_web.instance-2", hostPort: 31_870))
        #expect(here == there)
        #expect(
            here.fields == [
                "resources.cpus": "0.5", "resources.mem": "64", "resources.disk": "0", "resources.gpus": "0",
                "resources.ports": "2", "labels.team": "shop", "discovery.visibility": "FRAMEWORK",
                "discovery.name": "web.shop", "discovery.ports.ports.http.name": "http",
                "discovery.ports.ports.http.protocol": "tcp", "health_check.type": "HTTP",
                "health_check.interval_seconds": "5.0", "health_check.http.path": "/up", "container.type": "DOCKER",
                "container.docker.image": "nginx:1.25", "container.docker.network": "USER",
                "container.docker.privileged": "false", "container.docker.port_mappings.80.container_port": "80",
                "container.docker.port_mappings.80.protocol": "tcp",
                "container.docker.parameters.memory-swap.key": "memory-swap",
                "container.docker.parameters.memory-swap.value": "0", "container.network_infos.web.name": "web",
                "container.volumes./data.mode": "RW", "container.volumes./data.container_path": "/data",
                "container.volumes./data.host_path": "/srv/data",
            ])
    }

    @Test("differs from another in each field, but for a label that only the copy has")
    func differences() throws {
        let original = TaskContent(task: try task(id: "a", hostPort: 1))
        let other = TaskContent(task: try task(id: "b", hostPort: 2, image: "nginx:1.24"))
        #expect(other.differences(from: original) == ["container.docker.image"])
        var copy = original
        copy.fields["labels.rz"] = "copied"
        #expect(copy.differences(from: original).isEmpty)
        #expect(original.differences(from: copy) == ["labels.rz"])
        copy.fields["container.volumes./data.mode"] = nil
        #expect(copy.differences(from: original) == ["container.volumes./data.mode"])
    }

    @Test("loses no element of a list that has another one's name, whatever their order")
    func sameNames() throws {
        func content(_ values: String...) throws -> TaskContent {
            let parameters = values.map { #"{"key": "env", "value": "\#($0)"}"# }.joined(separator: ",")
            return TaskContent(
                task: try JSON(parsing: #"{"id": "t", "container": {"docker": {"parameters": [\#(parameters)]}}}"#))
        }
        let original = try content("A=1", "B=2")
        #expect(try content("B=2", "A=1") == original)
        #expect(try !content("A=0", "B=2").differences(from: original).isEmpty)
        #expect(try !content("B=2").differences(from: original).isEmpty)
        #expect(try !content("A=1", "B=2", "B=2").differences(from: original).isEmpty)
    }

    @Test(
        "changes with what an override sets, in the words of each framework",
        arguments: [
            ("cpus", "resources.cpus"), ("run.mem", "resources.mem"), ("container.docker.image", "container.type"),
            ("portDefinitions.0.port", "resources.ports"), ("labels.team", "labels.team"),
            ("deploy.resources.limits.cpus", "resources.cpus"), ("healthChecks.0.path", "health_check.type"),
            ("containers.0.resources.cpus", "resources.cpus"), ("network_mode", "container.network_infos.web.name"),
        ])
    func changed(by path: String, field: String) {
        #expect(TaskContent.parts(changedBy: path).contains { field.hasPrefix($0 + ".") })
        #expect(TaskContent.parts(changedBy: "env.HOST").isEmpty)
    }
}
