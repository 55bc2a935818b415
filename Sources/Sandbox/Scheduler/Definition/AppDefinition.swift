import JSON

/// One version of an app or a pod, which Marathon calls a run spec: the complete document and what is read from it.
struct AppDefinition: Sendable {
    enum Kind: String, Sendable {
        case app, pod
    }

    let id: PathID
    let kind: Kind
    /// The complete document without `version` and `versionInfo`.
    let document: JSONObject
    /// The document as text, made once: a thousand apps are stored and listed often.
    let text: String
    let version: Timestamp
    let lastScalingAt: Timestamp
    let lastConfigChangeAt: Timestamp

    let instances: Int
    /// What one instance takes: all its containers, and a pod's executor.
    let resources: Resources
    /// What runs in one instance: of an app the one container without a name, of a pod all it lists.
    let containers: [ContainerSpec]
    let dependencies: [PathID]
    let constraints: [Constraint]
    let acceptsUnreservedResources: Bool
    let minimumHealthCapacity: Double
    let maximumOverCapacity: Double
    let isResident: Bool
    let killsOldestFirst: Bool
    let backoff: Backoff.Policy

    init(
        document: JSONObject, kind: Kind = .app, version: Timestamp, lastScalingAt: Timestamp? = nil,
        lastConfigChangeAt: Timestamp? = nil
    ) {
        let json = JSON.object(document)
        id = PathID(json["id"]?.string ?? "/")
        self.kind = kind
        self.document = document
        text = json.compact
        self.version = version
        self.lastScalingAt = lastScalingAt ?? version
        self.lastConfigChangeAt = lastConfigChangeAt ?? version
        let placement: JSON
        let upgrade: JSON
        switch kind {
        case .app:
            instances = json["instances"]?.int ?? 1
            containers = [ContainerSpec(app: json)]
            placement = json
            upgrade = json["upgradeStrategy"] ?? [:]
            isResident = json["residency"] != nil
            killsOldestFirst = json["killSelection"]?.string == "OLDEST_FIRST"
            backoff = Backoff.Policy(
                initial: json["backoffSeconds"]?.double ?? 1, factor: json["backoffFactor"]?.double ?? 1.15,
                maximum: json["maxLaunchDelaySeconds"]?.double ?? 300)
        case .pod:
            let scheduling = json["scheduling"] ?? [:]
            instances = json["scaling"]?["instances"]?.int ?? 1
            containers = ContainerSpec.list(ofPod: json)
            placement = scheduling["placement"] ?? [:]
            upgrade = scheduling["upgrade"] ?? [:]
            isResident = (json["volumes"]?.array ?? []).contains { $0["persistent"] != nil }
            killsOldestFirst = scheduling["killSelection"]?.string == "OLDEST_FIRST"
            let delays = scheduling["backoff"] ?? [:]
            backoff = Backoff.Policy(
                initial: delays["backoff"]?.double ?? 1, factor: delays["backoffFactor"]?.double ?? 1.15,
                maximum: delays["maxLaunchDelay"]?.double ?? 300)
        }
        resources = containers.reduce(Resources()) { $0 + $1.resources }
        dependencies = (json["dependencies"]?.array ?? []).compactMap { $0.string.map { PathID($0) } }
        constraints = (placement["constraints"]?.array ?? []).compactMap { Constraint($0) }
        let roles = (placement["acceptedResourceRoles"]?.array ?? []).compactMap(\.string)
        acceptsUnreservedResources = roles.isEmpty || roles.contains("*")
        minimumHealthCapacity = upgrade["minimumHealthCapacity"]?.double ?? 1
        maximumOverCapacity = upgrade["maximumOverCapacity"]?.double ?? 1
    }

    /// The host ports of one instance, container after container.
    var ports: [PortRequest] { containers.flatMap(\.ports) }

    func container(named name: String?) -> ContainerSpec? {
        containers.first { $0.name == name }
    }

    /// The role its tasks run under.
    var role: String { document["role"]?.string ?? "*" }

    /// The document for another number of instances.
    func document(instances: Int) -> JSONObject {
        var document = document
        switch kind {
        case .app: document["instances"] = .count(instances)
        case .pod: document["scaling"] = ["kind": "fixed", "instances": .count(instances)]
        }
        return document
    }

    /// Whether both say the same but for the number of instances.
    func differsOnlyInScale(from other: AppDefinition) -> Bool {
        kind == other.kind && document(instances: 0).isSame(as: other.document(instances: 0))
    }

    func isSame(as other: AppDefinition) -> Bool {
        kind == other.kind && (text == other.text || document.isSame(as: other.document))
    }
}

extension JSONObject {
    /// Equality that does not look at the order of keys.
    func isSame(as other: JSONObject) -> Bool {
        JSON.object(self).canonical == JSON.object(other).canonical
    }
}
