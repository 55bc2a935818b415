import JSON

/// What a Mesos master reports of a cluster, in the shapes of `/state`, `/slaves`, `/frameworks` and `/tasks`.
///
/// Source: Apache Mesos 1.11, `src/master/http.cpp`, `src/common/http.cpp`.
struct MesosDocument: Sendable {
    static let version = "1.11.0"

    /// `host:port` of the master.
    let master: String
    let agents: [Agent]
    let frameworks: [ReportedFramework]

    var state: JSON {
        [
            "version": .string(Self.version), "id": .string("sandbox-\(master)"), "cluster": "sandbox",
            "hostname": .string(host), "pid": .string("master@\(master)"), "leader": .string("master@\(master)"),
            "leader_info": ["id": .string("sandbox-\(master)"), "hostname": .string(host), "port": .count(port)],
            "activated_slaves": .count(agents.count), "deactivated_slaves": 0, "unreachable_slaves": 0,
            "slaves": .array(agents.map(slave)), "recovered_slaves": [],
            "frameworks": .array(frameworks.map(framework)),
            "completed_frameworks": [], "unregistered_frameworks": [],
        ]
    }

    var slaves: JSON { ["slaves": .array(agents.map(slave)), "recovered_slaves": []] }

    var registeredFrameworks: JSON {
        ["frameworks": .array(frameworks.map(framework)), "completed_frameworks": [], "unregistered_frameworks": []]
    }

    /// - Parameters:
    ///   - limit: how many at most; below zero all of them.
    ///   - isAscending: the oldest first.
    func tasks(limit: Int, offset: Int, isAscending: Bool) -> JSON {
        let oldestFirst = frameworks.flatMap { framework in framework.tasks.map { (framework, $0) } }
            .sorted { ($0.1.since, $0.1.id) < ($1.1.since, $1.1.id) }
        let rest = (isAscending ? oldestFirst : oldestFirst.reversed()).dropFirst(max(0, offset))
        return ["tasks": .array((limit < 0 ? rest : rest.prefix(limit)).map { task($0.1, of: $0.0) })]
    }

    private var host: String { String(master.prefix { $0 != ":" }) }
    private var port: Int { master.split(separator: ":").last.flatMap { Int($0) } ?? 0 }

    private func slave(_ agent: Agent) -> JSON {
        let tasks = frameworks.flatMap(\.tasks).filter { $0.agent == agent.id }
        let used = tasks.reduce(Resources()) { $0 + $1.resources }
        let ports = tasks.flatMap(\.ports).sorted().map { $0...$0 }
        let all = amounts(agent.resources, agent.ports)
        return [
            "id": .string(agent.id), "hostname": .string(agent.hostname), "port": 5051,
            "pid": .string("slave(1)@\(agent.hostname):5051"), "version": .string(Self.version), "active": true,
            "deactivated": false,
            "attributes": .object(
                JSONObject(agent.attributes.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
            "resources": all, "unreserved_resources": all, "reserved_resources": [:], "offered_resources": [:],
            "used_resources": amounts(used, ports), "used_resources_full": .array(messages(used, ports)),
        ]
    }

    private func framework(_ framework: ReportedFramework) -> JSON {
        [
            "id": .string(framework.id), "name": .string(framework.name), "webui_url": .string(framework.webUI),
            "hostname": .string(host), "active": true, "connected": true, "recovered": false,
            "role": .string(framework.role), "roles": [.string(framework.role)],
            "tasks": .array(framework.tasks.map { task($0, of: framework) }), "unreachable_tasks": [],
            "completed_tasks": [],
        ]
    }

    private func task(_ task: ReportedTask, of framework: ReportedFramework) -> JSON {
        var status = JSONObject([
            ("state", .string(task.state)),
            ("timestamp", (try? JSON(parsing: "\(Double(task.since.milliseconds) / 1000)")) ?? 0),
        ])
        if let isHealthy = task.isHealthy { status["healthy"] = .bool(isHealthy) }
        return [
            "id": .string(task.id), "name": .string(task.name), "framework_id": .string(framework.id),
            "executor_id": "", "slave_id": .string(task.agent), "state": .string(task.state),
            "role": .string(framework.role), "resources": amounts(task.resources, task.ports.sorted().map { $0...$0 }),
            "statuses": [.object(status)],
        ]
    }

    /// `{"cpus": 4.0, "ports": "[31000-32000]"}`.
    private func amounts(_ resources: Resources, _ ports: [ClosedRange<Int>]) -> JSON {
        var amounts = JSONObject(scalars(resources).map { ($0.name, number($0.amount)) })
        if !ports.isEmpty {
            let ranges = ports.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ", ")
            amounts["ports"] = .string("[\(ranges)]")
        }
        return .object(amounts)
    }

    /// `Resource` messages.
    private func messages(_ resources: Resources, _ ports: [ClosedRange<Int>]) -> [JSON] {
        var messages: [JSON] = scalars(resources).map {
            ["name": .string($0.name), "type": "SCALAR", "role": "*", "scalar": ["value": number($0.amount)]]
        }
        if !ports.isEmpty {
            let ranges = ports.map { range -> JSON in
                ["begin": .count(range.lowerBound), "end": .count(range.upperBound)]
            }
            messages.append([
                "name": "ports", "type": "RANGES", "role": "*", "ranges": ["range": .array(ranges)],
            ])
        }
        return messages
    }

    private func scalars(_ resources: Resources) -> [(name: String, amount: Double)] {
        [
            ("cpus", resources.cpus), ("mem", resources.mem), ("disk", resources.disk), ("gpus", resources.gpus),
        ]
    }

    private func number(_ amount: Double) -> JSON { (try? JSON(parsing: "\(amount)")) ?? 0 }
}
