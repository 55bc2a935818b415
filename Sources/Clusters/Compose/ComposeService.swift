import Digest
import JSON
import Migration

/// One service of a compose file as a launch definition, with the networks and volumes of the file that it uses.
/// Unknown keys survive untouched.
struct ComposeService: Sendable, Hashable {
    let project: String
    let name: String
    /// What stands below `services.NAME`.
    var service: JSONObject
    private let networks: JSONObject
    private let volumes: JSONObject
    private let version: JSON?
    /// What of it does not agree with what runs, or can't be told, one sentence each; by the path.
    var drift: [String: String] = [:]

    /// The label that tells what rz launched: the API gives back labels, but no environment.
    static let label = "rz.fingerprint"

    init(project: String, name: String, service: JSONObject, file: JSON) {
        self.project = project
        self.name = name
        self.service = service
        version = file["version"]
        networks = ComposeService.used(by: service["networks"]?.object?.keys ?? [], file["networks"])
        let sources = (service["volumes"]?.array ?? []).compactMap(\.string).compactMap { volume in
            volume.split(separator: ":").first.map(String.init)
        }
        volumes = ComposeService.used(by: sources, file["volumes"])
    }

    private static func used(by names: [String], _ declared: JSON?) -> JSONObject {
        JSONObject((declared?.object ?? JSONObject()).filter { names.contains($0.key) }.map { ($0.key, $0.value) })
    }

    /// - Throws: `Failure` when it is no definition that `definition` gave.
    init(_ definition: JSONObject) throws(Failure) {
        guard let id = definition["id"]?.string, let slash = id.firstIndex(of: "/"),
            let service = definition["service"]?.object
        else { throw Failure("A definition of mesos-compose without id or service") }
        project = String(id[..<slash])
        name = String(id[id.index(after: slash)...])
        self.service = service
        networks = definition["networks"]?.object ?? JSONObject()
        volumes = definition["volumes"]?.object ?? JSONObject()
        version = definition["version"]
        for (path, text) in definition["drift"]?.object ?? JSONObject() { drift[path] = text.string }
    }

    var definition: JSON {
        var object = JSONObject([("id", .string(id.text)), ("service", .object(service))])
        object["version"] = version
        if !networks.isEmpty { object["networks"] = .object(networks) }
        if !volumes.isEmpty { object["volumes"] = .object(volumes) }
        if !drift.isEmpty {
            object["drift"] = .object(JSONObject(drift.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
        }
        return .object(object)
    }

    var id: ServiceID { ServiceID("\(project)/\(name)") }
    var labels: JSONObject { service["labels"]?.object ?? JSONObject() }
    var taskName: String? { service["mesos"]?["task_name"]?.string }
    var hasHealthChecks: Bool { service["healthcheck"]?.object?.isEmpty == false }

    /// Numbers may be written as texts.
    var replicas: Int {
        let value = service["deploy"]?["replicas"]
        return value?.int ?? value?.string.flatMap { Int($0) } ?? 1
    }

    /// mesos-compose itself ignores `depends_on`.
    var dependencies: [ServiceID] {
        let names = service["depends_on"]?.object?.keys ?? (service["depends_on"]?.array ?? []).compactMap(\.string)
        return names.map { ServiceID("\(project)/\($0)") }
    }

    /// Digest of what makes two services the same, without the number of tasks.
    var fingerprint: String { SHA256.hexadecimal(of: normalForm.canonical) }

    var normalForm: JSON {
        var bare = service
        bare["labels"] = .object(
            JSONObject(labels.filter { $0.key != ComposeService.label }.map { ($0.key, $0.value) }))
        if var deploy = bare["deploy"]?.object {
            deploy["replicas"] = nil
            bare["deploy"] = .object(deploy)
        }
        return NormalForm.of(
            JSONObject([
                ("service", NormalForm.of(bare, sets: [])), ("networks", .object(networks)),
                ("volumes", .object(volumes)),
            ]), sets: [])
    }

    /// A compose document with nothing but this service, for the REST API. JSON is YAML.
    func body(replicas: Int) -> JSON {
        var launched = service
        var labels = labels
        labels[ComposeService.label] = .string(fingerprint)
        launched["labels"] = .object(labels)
        var deploy = launched["deploy"]?.object ?? JSONObject()
        deploy["replicas"] = .number(JSONNumber(replicas))
        launched["deploy"] = .object(deploy)
        var body = JSONObject([("version", version ?? "3.9")])
        body["services"] = .object(JSONObject([(name, .object(launched))]))
        if !networks.isEmpty { body["networks"] = .object(networks) }
        if !volumes.isEmpty { body["volumes"] = .object(volumes) }
        return .object(body)
    }
}
