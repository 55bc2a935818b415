import JSON

/// One version of an app: the complete document and what the scheduler reads from it.
struct AppDefinition: Sendable {
    let id: PathID
    /// The complete document without `version` and `versionInfo`.
    let document: JSONObject
    /// The document as text, made once: a thousand apps are stored and listed often.
    let text: String
    let version: Timestamp
    let lastScalingAt: Timestamp
    let lastConfigChangeAt: Timestamp

    let instances: Int
    let resources: Resources
    let dependencies: [PathID]
    let constraints: [Constraint]
    let ports: [PortRequest]
    let healthChecks: [HealthCheck]
    let acceptsUnreservedResources: Bool
    let minimumHealthCapacity: Double
    let maximumOverCapacity: Double
    let isResident: Bool
    let killsOldestFirst: Bool
    /// Time between the polite and the forced end of a task; Mesos' own default is three seconds.
    let killGracePeriod: Double
    let backoff: Backoff.Policy

    init(
        document: JSONObject, version: Timestamp, lastScalingAt: Timestamp? = nil, lastConfigChangeAt: Timestamp? = nil
    ) {
        let json = JSON.object(document)
        id = PathID(json["id"]?.string ?? "/")
        self.document = document
        text = json.compact
        self.version = version
        self.lastScalingAt = lastScalingAt ?? version
        self.lastConfigChangeAt = lastConfigChangeAt ?? version
        instances = json["instances"]?.int ?? 1
        dependencies = (json["dependencies"]?.array ?? []).compactMap { $0.string.map { PathID($0) } }
        constraints = (json["constraints"]?.array ?? []).compactMap { constraint in
            let fields = (constraint.array ?? []).compactMap(\.string)
            guard fields.count >= 2, let kind = Constraint.Operator(rawValue: fields[1]) else { return nil }
            return Constraint(field: fields[0], kind: kind, value: fields.count > 2 ? fields[2] : nil)
        }
        let portCount: Int
        (ports, portCount) = PortRequest.list(of: json)
        resources = Resources(
            cpus: json["cpus"]?.double ?? 1, mem: json["mem"]?.double ?? 128, disk: json["disk"]?.double ?? 0,
            gpus: json["gpus"]?.double ?? 0)
        healthChecks = (json["healthChecks"]?.array ?? []).map { HealthCheck($0, portCount: portCount) }
        let roles = (json["acceptedResourceRoles"]?.array ?? []).compactMap(\.string)
        acceptsUnreservedResources = roles.isEmpty || roles.contains("*")
        minimumHealthCapacity = json["upgradeStrategy"]?["minimumHealthCapacity"]?.double ?? 1
        maximumOverCapacity = json["upgradeStrategy"]?["maximumOverCapacity"]?.double ?? 1
        isResident = json["residency"] != nil
        killsOldestFirst = json["killSelection"]?.string == "OLDEST_FIRST"
        killGracePeriod = json["taskKillGracePeriodSeconds"]?.double ?? 3
        backoff = Backoff.Policy(
            initial: json["backoffSeconds"]?.double ?? 1, factor: json["backoffFactor"]?.double ?? 1.15,
            maximum: json["maxLaunchDelaySeconds"]?.double ?? 300)
    }

    /// Whether both say the same but for the number of instances.
    func differsOnlyInScale(from other: AppDefinition) -> Bool {
        var mine = document
        var theirs = other.document
        mine["instances"] = nil
        theirs["instances"] = nil
        return mine.isSame(as: theirs)
    }

    func isSame(as other: AppDefinition) -> Bool {
        text == other.text || document.isSame(as: other.document)
    }
}

/// What a task needs of an agent, and what an agent has.
struct Resources: Sendable, Hashable {
    var cpus = 0.0
    var mem = 0.0
    var disk = 0.0
    var gpus = 0.0

    static func + (left: Resources, right: Resources) -> Resources {
        Resources(
            cpus: left.cpus + right.cpus, mem: left.mem + right.mem, disk: left.disk + right.disk,
            gpus: left.gpus + right.gpus)
    }

    static func - (left: Resources, right: Resources) -> Resources {
        Resources(
            cpus: left.cpus - right.cpus, mem: left.mem - right.mem, disk: left.disk - right.disk,
            gpus: left.gpus - right.gpus)
    }
}

/// One port an app asks for: a fixed host port, or any (0).
struct PortRequest: Sendable, Hashable {
    let hostPort: Int
    let servicePort: Int
    let name: String?

    /// The host ports wanted and the number of ports declared.
    static func list(of app: JSON) -> (requests: [PortRequest], declared: Int) {
        if let mappings = app["container"]?["portMappings"]?.array {
            let requests = mappings.map { mapping in
                PortRequest(
                    hostPort: mapping["hostPort"]?.int ?? 0, servicePort: mapping["servicePort"]?.int ?? 0,
                    name: mapping["name"]?.string)
            }
            return (requests, mappings.count)
        }
        let required = app["requirePorts"]?.bool ?? false
        let definitions = app["portDefinitions"]?.array ?? []
        let requests = definitions.map { definition in
            let port = definition["port"]?.int ?? 0
            return PortRequest(hostPort: required ? port : 0, servicePort: port, name: definition["name"]?.string)
        }
        return (requests, definitions.count)
    }
}

extension JSONObject {
    /// Equality that does not look at the order of keys.
    func isSame(as other: JSONObject) -> Bool {
        JSON.object(self).canonical == JSON.object(other).canonical
    }
}
