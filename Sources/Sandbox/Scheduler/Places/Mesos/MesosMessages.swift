import JSON

/// Calls of the v1 scheduler API.
///
/// Source: Apache Mesos 1.11, `include/mesos/v1/scheduler/scheduler.proto`, docs/scheduler-http-api.
enum MesosCall {
    static func subscribe(_ framework: String?, _ info: JSONObject) -> JSON {
        var info = info
        var call = JSONObject(fields: [("type", "SUBSCRIBE")])
        if let framework {
            info["id"] = ["value": .string(framework)]
            call["framework_id"] = ["value": .string(framework)]
        }
        call["subscribe"] = ["framework_info": .object(info)]
        return .object(call)
    }

    static func launch(_ tasks: [JSON], on offers: [String]) -> JSON {
        [
            "type": "ACCEPT",
            "accept": [
                "offer_ids": .array(offers.map { ["value": .string($0)] }),
                "operations": [["type": "LAUNCH", "launch": ["task_infos": .array(tasks)]]],
                // What is left of the offers may come back at once.
                "filters": ["refuse_seconds": 0],
            ],
        ]
    }

    static func decline(_ offers: [String], forSeconds seconds: Double) -> JSON {
        [
            "type": "DECLINE",
            "decline": [
                "offer_ids": .array(offers.map { ["value": .string($0)] }),
                "filters": ["refuse_seconds": .amount(seconds)],
            ],
        ]
    }

    static func acknowledge(_ status: MesosStatus, uuid: String) -> JSON {
        [
            "type": "ACKNOWLEDGE",
            "acknowledge": [
                "agent_id": ["value": .string(status.agent)], "task_id": ["value": .string(status.task)],
                "uuid": .string(uuid),
            ],
        ]
    }

    static func kill(task: String, agent: String) -> JSON {
        ["type": "KILL", "kill": ["task_id": ["value": .string(task)], "agent_id": ["value": .string(agent)]]]
    }

    /// Asks for the states of these tasks; of all that the master knows when there are none.
    static func reconcile(_ tasks: [TaskRecord]) -> JSON {
        [
            "type": "RECONCILE",
            "reconcile": [
                "tasks": .array(
                    tasks.map {
                        ["task_id": ["value": .string($0.id)], "agent_id": ["value": .string($0.server)]]
                    })
            ],
        ]
    }

    static let revive: JSON = ["type": "REVIVE"]
    static let suppress: JSON = ["type": "SUPPRESS"]
}

/// What Mesos offers of one agent.
struct MesosOffer: Sendable {
    let id: String
    /// With the resources that are offered and reserved for no one.
    let agent: Agent

    init?(_ json: JSON) {
        guard let id = json["id"]?["value"]?.string, let agent = json["agent_id"]?["value"]?.string else { return nil }
        self.id = id
        var resources = Resources()
        var ports: [ClosedRange<Int>] = []
        for resource in json["resources"]?.array ?? [] where resource["reservations"]?.array?.isEmpty ?? true {
            let amount = resource["scalar"]?["value"]?.double ?? 0
            switch resource["name"]?.string {
            case "cpus": resources.cpus += amount
            case "mem": resources.mem += amount
            case "disk": resources.disk += amount
            case "gpus": resources.gpus += amount
            case "ports":
                for range in resource["ranges"]?["range"]?.array ?? [] {
                    if let begin = range["begin"]?.int, let end = range["end"]?.int, begin <= end {
                        ports.append(begin...end)
                    }
                }
            default: break
            }
        }
        self.agent = Agent(
            server: agent, directory: "", hostname: json["hostname"]?.string ?? "",
            attributes: MesosOffer.attributes(json["attributes"]), resources: resources, ports: ports,
            environment: [:])
    }

    private static func attributes(_ json: JSON?) -> [String: String] {
        var attributes: [String: String] = [:]
        for attribute in json?.array ?? [] {
            guard let name = attribute["name"]?.string else { continue }
            attributes[name] = attribute["text"]?["value"]?.string ?? attribute["scalar"]?["value"]?.compact ?? ""
        }
        return attributes
    }
}

/// What Mesos says of one task.
struct MesosStatus: Sendable {
    let task: String
    let agent: String
    /// For example `TASK_RUNNING`.
    let state: String
    let message: String
    let isHealthy: Bool?
    /// To be acknowledged with; answers to a reconciliation have none.
    let uuid: String?

    init?(_ json: JSON) {
        guard let task = json["task_id"]?["value"]?.string, let state = json["state"]?.string else { return nil }
        self.task = task
        self.state = state
        agent = json["agent_id"]?["value"]?.string ?? ""
        message = json["message"]?.string ?? json["reason"]?.string ?? ""
        isHealthy = json["healthy"]?.bool
        uuid = json["uuid"]?.string
    }

    /// Whether the task is over, as far as Mesos is concerned.
    var isTerminal: Bool {
        [
            "TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_ERROR", "TASK_DROPPED", "TASK_GONE",
            "TASK_GONE_BY_OPERATOR", "TASK_LOST",
        ].contains(state)
    }
}
