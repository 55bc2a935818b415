import Digest
import JSON
import Migration

/// One service of a compose file as a launch definition, with the networks and volumes of its file: a network counts
/// for services that do not name it. Unknown keys survive untouched.
struct ComposeService: Sendable, Hashable {
    let project: String
    let name: String
    /// What stands below `services.NAME`, as mesos-compose decodes it.
    var service: JSONObject
    private let fileNetworks: JSONObject
    private let fileVolumes: JSONObject
    private let version: JSON?
    /// What mesos-compose reports of its tasks, where it runs; more than one where they differ.
    var reported: [RecordForm] = []
    /// The variables of its tasks, sealed, where Redis reports them.
    var reportedVariables: [String: String]?
    /// The digest of the definition that rz launched it with, by its label; a hint, no proof.
    var launchedAs: String?
    /// What of it does not agree with what runs, or can't be known, one sentence each; by the path.
    var drift: [String: String] = [:]

    /// The label that hints at what rz launched, variables included: the API reports labels, but no variables.
    static let label = "rz.fingerprint"

    init(project: String, name: String, service: JSONObject, file: JSON) {
        self.project = project
        self.name = name
        self.service = service
        version = file["version"]
        fileNetworks = file["networks"]?.object ?? JSONObject()
        fileVolumes = file["volumes"]?.object ?? JSONObject()
    }

    /// - Throws: `Failure` when it is no definition that `definition` gave.
    init(_ definition: JSONObject) throws(Failure) {
        guard let id = definition["id"]?.string, let slash = id.firstIndex(of: "/"),
            let service = definition["service"]?.object
        else { throw Failure("A definition of mesos-compose without id or service") }
        project = String(id[..<slash])
        name = String(id[id.index(after: slash)...])
        self.service = service
        fileNetworks = definition["networks"]?.object ?? JSONObject()
        fileVolumes = definition["volumes"]?.object ?? JSONObject()
        version = definition["version"]
        reported = (definition["reported"]?.array ?? []).map { RecordForm($0) }
        if let reported = definition["reportedVariables"]?.object {
            reportedVariables = Dictionary(reported.map { ($0.key, $0.value.string ?? "") }, uniquingKeysWith: { $1 })
        }
        launchedAs = definition["launchedAs"]?.string
        for (path, text) in definition["drift"]?.object ?? JSONObject() { drift[path] = text.string }
    }

    var definition: JSONObject {
        var object = JSONObject([("id", .string(id.text)), ("service", .object(service))])
        object["version"] = version
        if !fileNetworks.isEmpty { object["networks"] = .object(fileNetworks) }
        if !fileVolumes.isEmpty { object["volumes"] = .object(fileVolumes) }
        if !reported.isEmpty { object["reported"] = .array(reported.map(\.json)) }
        object["reportedVariables"] = reportedVariables.map { reported in
            .object(JSONObject(reported.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
        }
        object["launchedAs"] = launchedAs.map(JSON.string)
        if !drift.isEmpty {
            object["drift"] = .object(JSONObject(drift.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
        }
        return object
    }

    var id: ServiceID { ServiceID("\(project)/\(name)") }

    /// mesos-compose itself ignores `depends_on`.
    var dependencies: [ServiceID] {
        (service["depends_on"]?.array ?? []).compactMap(\.string).map { ServiceID("\(project)/\($0)") }
    }

    /// Digest of what makes two definitions the same, without the number of tasks.
    var fingerprint: String {
        var bare = service
        bare["labels"] = .object(
            JSONObject(labels.filter { $0.key != ComposeService.label }.map { ($0.key, $0.value) }))
        if var deploy = bare["deploy"]?.object {
            deploy["replicas"] = nil
            bare["deploy"] = .object(deploy)
        }
        let form = NormalForm.of(
            JSONObject([
                ("service", NormalForm.of(bare, sets: [])), ("networks", .object(fileNetworks)),
                ("volumes", .object(fileVolumes)),
            ]), sets: [])
        return SHA256.hexadecimal(of: form.canonical)
    }

    /// Digest of the definition and of what its tasks are reported to be.
    var observedFingerprint: String {
        let reported = JSON.array(reported.map(\.json).sorted { $0.canonical < $1.canonical })
        return SHA256.hexadecimal(of: fingerprint + (launchedAs ?? "") + reported.canonical)
    }

    /// A compose document with nothing but this service, for the REST API. JSON is YAML.
    func body(replicas: Int) -> JSON {
        var launched = service
        var labels = labels
        labels[ComposeService.label] = .string(fingerprint)
        launched["labels"] = .object(labels)
        var deploy = launched["deploy"]?.object ?? JSONObject()
        deploy["replicas"] = .string(String(replicas))
        launched["deploy"] = .object(deploy)
        var body = JSONObject([("version", version ?? "3.9")])
        body["services"] = .object(JSONObject([(name, .object(launched))]))
        if !fileNetworks.isEmpty { body["networks"] = .object(fileNetworks) }
        if !fileVolumes.isEmpty { body["volumes"] = .object(fileVolumes) }
        return .object(body)
    }
}

// MARK: - As mesos-compose reads it

extension ComposeService {
    struct Volume {
        let name: String
        let path: String
        let driver: String
        let isReadOnly: Bool
    }

    struct Port {
        let port: Int
        let scheme: String
    }

    var labels: JSONObject { service["labels"]?.object ?? JSONObject() }
    var variables: JSONObject { service["environment"]?.object ?? JSONObject() }
    var constraints: [String] {
        (service["deploy"]?["placement"]?["constraints"]?.array ?? []).compactMap(\.string)
    }
    var attributes: [String] { (service["deploy"]?["placement"]?["attributes"]?.array ?? []).compactMap(\.string) }

    /// A name of its own counts only below the prefix of the framework.
    func ownName(prefix: String) -> String? {
        guard let name = service["mesos"]?["task_name"]?.string,
            name.split(separator: ":", omittingEmptySubsequences: false).first.map(String.init) == prefix
        else { return nil }
        return name
    }

    func taskName(prefix: String) -> String { ownName(prefix: prefix) ?? "\(prefix):\(project):\(name)" }

    /// A text that is not a number counts as 0.
    var replicas: Int {
        let value = service["deploy"]?["replicas"]
        guard let text = value?.string ?? value?.compact, !text.isEmpty else { return 1 }
        return max(0, Int(text) ?? 0)
    }

    /// Any other value means docker.
    var containerType: String { service["container_type"]?.string?.lowercased() == "mesos" ? "mesos" : "docker" }

    /// The key of the network below the file's `networks`.
    private var networkKey: String {
        if let network = service["network"]?.string, !network.isEmpty { return network }
        return service["networks"]?.object?.keys.first ?? "default"
    }

    /// Any network of the file makes the mode `user`, or that of its driver.
    var network: (mode: String, name: String) {
        var mode = service["network_mode"]?.string ?? ""
        if mode.isEmpty { mode = "user" }
        guard !fileNetworks.isEmpty else { return (mode.lowercased(), networkKey) }
        let network = fileNetworks[networkKey]
        let name = network?["name"]?.string ?? ""
        if !name.isEmpty { mode = "user" }
        if let driver = network?["driver"]?.string, !driver.isEmpty { mode = driver }
        return (mode.lowercased(), name)
    }

    /// Of several networks mesos-compose takes one by chance.
    var hasNetworkByChance: Bool {
        service["network"]?.string?.isEmpty != false && service["networks"]?.object?.count ?? 0 > 1
    }

    var alias: String? {
        service["networks"]?.object?.first { _ in true }?.value["aliases"]?[0]?.string.flatMap {
            $0.isEmpty ? nil : $0
        }
    }

    /// `NAME:PATH[:ro]`; others are left out by mesos-compose.
    var volumes: [Volume] {
        (service["volumes"]?.array ?? []).compactMap(\.string).compactMap { text in
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count >= 2 else { return nil }
            let driver = fileVolumes[parts[0]]?["driver"]?.string ?? ""
            return Volume(
                name: parts[0], path: parts[1], driver: driver.isEmpty ? "local" : driver,
                isReadOnly: parts.count == 3 && parts[2].lowercased() == "ro")
        }
    }

    /// `[[IP:]HOST:]PORT[/SCHEME]`: the port of the host is not taken, and what is no number counts as 0.
    var ports: [Port] {
        (service["ports"]?.array ?? []).compactMap(\.string).map { text in
            let last = text.split(separator: ":", omittingEmptySubsequences: false).last.map(String.init) ?? ""
            let halves = last.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            let scheme = halves.count > 1 ? halves[1].lowercased() : "tcp"
            return Port(
                port: Int(halves.first ?? "") ?? 0,
                scheme: ["udp", "wss", "http", "https", "h2c"].contains(scheme) ? scheme : "tcp")
        }
    }

    /// How many GPUs are asked of Mesos: mesos-compose takes the number of the device for it.
    var gpus: Double {
        let gpus = service["gpus"]
        return gpus?["driver"]?.string == "nvidia" ? max(0, gpus?["device"]?.double ?? 0) : 0
    }

    /// Mesos's message; nil without a command, or a port of HTTP or TCP.
    var healthCheck: JSON? {
        guard let check = service["healthcheck"] else { return nil }
        var message = JSONObject()
        for (key, name) in ComposeService.healthFields { message[name] = check[key] }
        if check["command"]?["value"]?.string?.isEmpty == false {
            message["type"] = 1
        } else if check["http"]?["port"]?.int ?? 0 != 0 {
            message["type"] = 2
        } else if check["tcp"]?["port"]?.int ?? 0 != 0 {
            message["type"] = 3
        } else {
            return nil
        }
        for key in ["command", "http", "tcp"] where check[key] != nil { message[key] = check[key] }
        return .object(message)
    }

    /// The fields of Mesos's message have no names for YAML, so that only small letters count.
    static let healthFields = [
        ("delayseconds", "delay_seconds"), ("intervalseconds", "interval_seconds"),
        ("timeoutseconds", "timeout_seconds"), ("consecutivefailures", "consecutive_failures"),
        ("graceperiodseconds", "grace_period_seconds"),
    ]
}
