import Foundation
import JSON

@testable import Sandbox

/// One of the collected files, and what a scheduler has to make of it.
struct MarathonFixture {
    enum Kind {
        /// One app, pod or group; a list of apps, wrapped or not.
        case app, pod, group, apps, wrappedApp
        /// No JSON, or JSON of another kind; sent as an app to see it refused.
        case broken
    }

    enum Verdict {
        case accepted
        case refused(Int, String)
        /// Refused as long as Marathon's feature flag is off.
        case needsFeature(String)
        /// Output of a server that is refused as it is, and accepted without these keys: they are the server's own, or
        /// the older one of two spellings that stand side by side.
        case acceptedWithout([String], Int, String)
        /// Nothing to submit, for the given reason.
        case notSubmitted(String)
    }

    struct Request {
        var method = "POST"
        let path: String
        let body: String
    }

    static let folder = URL(filePath: #filePath).appending(path: "../../../../../../shared/fixtures/marathon")
        .standardized.path

    static var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted() }
    static var areThere: Bool { !names.isEmpty }
    let name: String
    let kind: Kind
    let json: JSON
    let text: String

    private init(name: String, kind: Kind, json: JSON) {
        (self.name, self.kind, self.json, text) = (name, kind, json, json.compact)
    }

    init(_ name: String) throws {
        self.name = name
        kind = Self.table[name]?.0 ?? .broken
        text = try String(contentsOfFile: "\(Self.folder)/\(name)", encoding: .utf8)
        json = (try? JSON(parsing: text)) ?? .null
    }
}

extension MarathonFixture {
    static var accepted: [String] {
        named { verdict in
            switch verdict {
            case .accepted, .acceptedWithout: true
            default: false
            }
        }
    }
    static var featured: [String] { named { if case .needsFeature = $0 { true } else { false } } }

    static var refused: [(String, Int, String)] {
        table.sorted { $0.key < $1.key }.compactMap { name, entry in
            switch entry.verdict {
            case .refused(let status, let message): (name, status, message)
            case .needsFeature(let feature): (name, 422, "Feature \(feature) is not enabled")
            case .acceptedWithout(_, let status, let message): (name, status, message)
            case .accepted, .notSubmitted: nil
            }
        }
    }

    private static func named(_ wanted: (Verdict) -> Bool) -> [String] {
        table.filter { wanted($0.value.verdict) }.keys.sorted()
    }

    /// The fixture as it is accepted.
    func withoutRefusedKeys() -> MarathonFixture {
        guard case .acceptedWithout(let keys, _, _)? = Self.table[name]?.verdict else { return self }
        return MarathonFixture(name: name, kind: kind, json: Self.removing(keys, from: json))
    }

    /// The role of the Marathon it comes from: on DC/OS that is `--mesos_role slave_public`.
    var role: String { name == "dcos-ui__tests___fixtures__resource-limits__groups.json" ? "slave_public" : "*" }

    private static func removing(_ keys: [String], from json: JSON) -> JSON {
        switch json {
        case .object(let object):
            .object(
                JSONObject(object.filter { !keys.contains($0.key) }.map { ($0.key, removing(keys, from: $0.value)) }))
        case .array(let elements): .array(elements.map { removing(keys, from: $0) })
        default: json
        }
    }

    /// What a client sends to launch what the file defines. Apps of one file go together, as they depend on each other.
    var requests: [Request] {
        switch kind {
        case .app, .broken: [Request(path: "apps", body: text)]
        case .pod: [Request(path: "pods", body: text)]
        case .wrappedApp: [Request(path: "apps", body: (json["app"] ?? .null).compact)]
        case .apps: (json["apps"]?.array ?? []).map { Request(path: "apps", body: $0.compact) }
        // The root group is always there already.
        case .group:
            [Request(method: "PUT", path: "groups", body: text)] + pods.map { Request(path: "pods", body: $0.compact) }
        }
    }

    /// The services the file defines, by id; pods of a group are in it as the `spec` of their status.
    var services: [(PathID, JSON)] {
        switch kind {
        case .app, .pod: [(PathID(json["id"]?.string ?? ""), json)]
        case .wrappedApp: [(PathID(json["app"]?["id"]?.string ?? ""), json["app"] ?? .null)]
        case .apps: (json["apps"]?.array ?? []).map { (PathID($0["id"]?.string ?? ""), $0) }
        case .group: Self.apps(in: json, .root) + pods.map { (PathID($0["id"]?.string ?? ""), $0) }
        case .broken: []
        }
    }

    private var pods: [JSON] { Self.pods(in: json) }

    private static func apps(in group: JSON, _ base: PathID) -> [(PathID, JSON)] {
        let id = PathID(group["id"]?.string ?? "/", base: base)
        return (group["apps"]?.array ?? []).map { (PathID($0["id"]?.string ?? "", base: id), $0) }
            + (group["groups"]?.array ?? []).flatMap { apps(in: $0, id) }
    }

    private static func pods(in group: JSON) -> [JSON] {
        (group["pods"]?.array ?? []).map { $0["spec"] ?? $0 } + (group["groups"]?.array ?? []).flatMap { pods(in: $0) }
    }

    /// Fields that come back under another name or not at all, with the rule of Marathon that says so.
    static let respelled: Set<String> = [
        // Written by the server only.
        "/version", "/versionInfo", "/tasks", "/tasksStaged", "/tasksRunning", "/tasksHealthy", "/tasksUnhealthy",
        "/deployments", "/lastTaskFailure", "/readinessCheckResults", "/storeUrls", "/tasksStats", "/taskStats",
        // Spellings from before 1.5.
        "/uris", "/ports", "/ipAddress", "/container/docker/network", "/container/docker/portMappings",
        // Only on the host network, respectively only off it.
        "/portDefinitions", "/container/portMappings", "/requirePorts",
    ]
}
