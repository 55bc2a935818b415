import Digest
import JSON
import Migration

/// A Marathon app as a launch definition: what an operator wrote, without what Marathon adds, in the form that
/// Marathon 1.5 and later return. Unknown fields survive untouched.
///
/// Source: Marathon 1.11, `AppNormalization.scala` and the RAML types under `docs/docs/rest-api/public/api/v2/types`.
struct AppDefinition: Sendable, Hashable {
    private(set) var json: JSONObject

    /// - Throws: `Failure` when the app has no id.
    init(_ app: JSON) throws(Failure) {
        guard let object = app.object, object["id"]?.string != nil else {
            throw Failure("Marathon returned an app without an id", details: [String(app.compact.prefix(200))])
        }
        json = AppDefinition.canonical(object)
    }

    var id: ServiceID { ServiceID(json["id"]?.string ?? "") }
    var instances: Int { json["instances"]?.int ?? 1 }
    var hasHealthChecks: Bool { json["healthChecks"]?.array?.isEmpty == false }
    var labels: JSONObject { json["labels"]?.object ?? JSONObject() }
    var text: String { JSON.object(json).compact }

    /// Absolute ids of what must run first. A relative one is relative to the app's group.
    var dependencies: [ServiceID] {
        (json["dependencies"]?.array ?? []).compactMap(\.string).map { absolute($0) }
    }

    /// Digest of what makes two apps the same: defaults filled in, sets sorted, without the instance count.
    var fingerprint: String {
        var bare = json
        bare["instances"] = nil
        for (key, value) in AppDefinition.defaults where bare[key] == nil { bare[key] = value }
        for key in ["constraints", "acceptedResourceRoles", "dependencies"] {
            guard let elements = bare[key]?.array else { continue }
            bare[key] = elements.isEmpty ? nil : .array(elements.sorted { $0.canonical < $1.canonical })
        }
        for key in ["env", "labels", "secrets", "healthChecks", "readinessChecks", "fetch", "portDefinitions"] {
            if bare[key]?.object?.isEmpty == true || bare[key]?.array?.isEmpty == true { bare[key] = nil }
        }
        bare["healthChecks"] = bare["healthChecks"]?.array.map { checks in .array(checks.map(AppDefinition.filled)) }
        return SHA256.hexadecimal(of: AppDefinition.plain(.object(bare)).canonical)
    }

    mutating func set(_ path: [String], to value: JSON?) {
        json = JSON.object(json).setting(path[...], to: value).object ?? json
    }

    func value(at path: [String]) -> JSON? {
        path.reduce(JSON?.some(.object(json))) { value, key in
            Int(key).flatMap { value?[$0] } ?? value?[key]
        }
    }

    private func absolute(_ dependency: String) -> ServiceID {
        if dependency.hasPrefix("/") { return ServiceID(dependency) }
        var parts = id.text.split(separator: "/").dropLast().map(String.init)
        for part in dependency.split(separator: "/") {
            if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(String(part)) }
        }
        return ServiceID("/" + parts.joined(separator: "/"))
    }
}

extension AppDefinition {
    /// Fields that Marathon owns: an app that carries them can't be sent back.
    private static let owned: Set<String> = [
        "version", "versionInfo", "tasks", "tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy",
        "deployments", "readinessCheckResults", "lastTaskFailure", "taskStats", "tasksStats", "storeUrls",
    ]

    /// What Marathon fills in when a definition is silent.
    private static let defaults: [String: JSON] = [
        "cpus": 1, "mem": 128, "disk": 0, "gpus": 0, "backoffSeconds": 1, "backoffFactor": 1.15,
        "maxLaunchDelaySeconds": 300, "requirePorts": false, "killSelection": "YOUNGEST_FIRST",
        "upgradeStrategy": ["minimumHealthCapacity": 1, "maximumOverCapacity": 1],
        "unreachableStrategy": ["inactiveAfterSeconds": 0, "expungeAfterSeconds": 0], "networks": [["mode": "host"]],
        "role": "*",
    ]

    private static let healthCheckDefaults: [String: JSON] = [
        "gracePeriodSeconds": 300, "intervalSeconds": 60, "timeoutSeconds": 20, "maxConsecutiveFailures": 3,
        "delaySeconds": 15, "protocol": "HTTP", "ignoreHttp1xx": false, "ipProtocol": "IPv4",
    ]

    private static func filled(_ healthCheck: JSON) -> JSON {
        guard var object = healthCheck.object else { return healthCheck }
        for (key, value) in healthCheckDefaults where object[key] == nil { object[key] = value }
        return .object(object)
    }

    /// Numbers by their value, so that `1` and `1.0` compare equal.
    private static func plain(_ value: JSON) -> JSON {
        switch value {
        case .number(let number): number.double.flatMap(JSONNumber.init).map(JSON.number) ?? value
        case .array(let elements): .array(elements.map(plain))
        case .object(let object): .object(JSONObject(object.map { ($0.key, plain($0.value)) }))
        default: value
        }
    }

    /// The form of Marathon 1.5 and later, without what Marathon owns.
    private static func canonical(_ app: JSONObject) -> JSONObject {
        var app = JSONObject(app.filter { !owned.contains($0.key) }.map { ($0.key, withoutNulls($0.value)) })
        app = JSONObject(app.filter { !$0.value.isNull }.map { ($0.key, $0.value) })
        if app["executor"]?.string?.isEmpty == true { app["executor"] = nil }
        app["residency"] = nil
        moveURIs(&app)
        moveNetwork(&app)
        movePorts(&app)
        return app
    }

    private static func withoutNulls(_ value: JSON) -> JSON {
        switch value {
        case .object(let object):
            .object(JSONObject(object.filter { !$0.value.isNull }.map { ($0.key, withoutNulls($0.value)) }))
        case .array(let elements): .array(elements.map(withoutNulls))
        default: value
        }
    }

    /// `uris` of before 1.5 are `fetch` since; both together are refused by Marathon.
    private static func moveURIs(_ app: inout JSONObject) {
        guard let uris = app["uris"]?.array else { return }
        app["uris"] = nil
        guard !uris.isEmpty, app["fetch"]?.array?.isEmpty != false else { return }
        let archives = [".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".gz", ".tgz", ".tbz2", ".txz", ".zip"]
        app["fetch"] = .array(
            uris.map { uri in
                let isArchive = archives.contains { uri.string?.hasSuffix($0) == true }
                return ["uri": uri, "extract": .bool(isArchive), "executable": false, "cache": false]
            })
    }

    private static func moveNetwork(_ app: inout JSONObject) {
        var container = app["container"]?.object
        var docker = container?["docker"]?.object
        let network = docker?["network"]?.string
        let address = app["ipAddress"]?.object
        if let mappings = docker?["portMappings"], container?["portMappings"] == nil {
            container?["portMappings"] = mappings
        }
        docker?["portMappings"] = nil
        docker?["network"] = nil
        if let docker { container?["docker"] = .object(docker) }
        if let container { app["container"] = .object(container) }
        app["ipAddress"] = nil
        guard app["networks"] == nil else { return }
        switch network {
        case "HOST": app["networks"] = [["mode": "host"]]
        case "BRIDGE": app["networks"] = [["mode": "container/bridge"]]
        case "USER":
            app["networks"] = [["mode": "container", "name": address?["networkName"] ?? .null]]
        default:
            if let name = address?["networkName"] { app["networks"] = [["mode": "container", "name": name]] }
        }
    }

    /// `ports` of before 1.5 are `portDefinitions` since; a network that is not the host's has port mappings only.
    private static func movePorts(_ app: inout JSONObject) {
        let ports = app["ports"]?.array
        app["ports"] = nil
        let mode = app["networks"]?[0]?["mode"]?.string ?? "host"
        guard mode == "host" else {
            app["portDefinitions"] = nil
            return
        }
        if let ports, app["portDefinitions"] == nil {
            app["portDefinitions"] = .array(ports.map { ["port": $0, "protocol": "tcp"] })
        }
        if var container = app["container"]?.object, container["portMappings"] != nil {
            container["portMappings"] = nil
            app["container"] = .object(container)
        }
    }
}

extension JSON {
    /// The value with another one at a path of keys and array positions; nil removes. Missing objects are made.
    func setting(_ path: ArraySlice<String>, to value: JSON?) -> JSON {
        guard let key = path.first else { return value ?? .null }
        let rest = path.dropFirst()
        if case .array(var elements) = self, let index = Int(key), elements.indices.contains(index) {
            if rest.isEmpty, value == nil {
                elements.remove(at: index)
            } else {
                elements[index] = elements[index].setting(rest, to: value)
            }
            return .array(elements)
        }
        var object = self.object ?? JSONObject()
        if rest.isEmpty {
            object[key] = value
        } else if object[key] != nil || value != nil {
            object[key] = (object[key] ?? .object(JSONObject())).setting(rest, to: value)
        }
        return .object(object)
    }
}
