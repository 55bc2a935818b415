import Foundation
import JSON
import Testing

/// The collected Marathon answers and definitions, each with the name of its file.
enum Fixtures {
    enum Kind { case app, pod, group, list, wrapped, answer, noJSON }

    static let folder = "../shared/fixtures/marathon"
    static var isAbsent: Bool { !FileManager.default.fileExists(atPath: folder) }

    static var fileNames: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    /// Answers of Marathon that define no service, and changes of services that are no definition.
    static let answers = [
        "dcos-ui__tests___fixtures__deployments__starting-deployment.json",
        "dcos-ui__tests___fixtures__deployments__three-deployments.json", "marathon__api-examples__app_patch.json",
        "marathon__api-examples__app_tasks.json", "marathon__api-examples__apps_patch.json",
        "marathon__api-examples__deployment_steps.json", "marathon__api-examples__deployments.json",
        "marathon__api-examples__deployments_result.json", "marathon__api-examples__tasks.json",
    ]

    /// What no Marathon takes, and where it says that the mistake is. Not every service of a file may be wrong.
    static let refused: [(file: String, place: String, isWhole: Bool)] = [
        ("app_add_400", "/container/docker/network", true), ("test_describe_app_cli", "small letters", true),
        ("test_describe_app_helloworld", "small letters", true),
        ("marathon__api-examples__app.json", "'cmd' or 'args'", true),
        ("app-suspended-single-instance", "/labels/MARATHON_SINGLE_INSTANCE_APP", true),
        ("groups-suspended-single-instance", "/labels/MARATHON_SINGLE_INSTANCE_APP", false),
        ("deleting__app", "/env/SDK_UNINSTALL", false), ("deleting__groups", "/env/SDK_UNINSTALL", false),
        ("test-pod", "/containers(0)/name", true), ("private-docker-pod", "secrets", true),
        ("mom-ee-permissive", "secrets", true), ("external-volume-mesos-app", "external_volumes", true),
        ("marathon-1-task-with-volumes__groups", "/unreachableStrategy", false),
        ("groups-region", "small letters", false),
        ("groups-two-regions", "small letters", false),
        ("marathon-groups-with-roles", "role", false), ("resource-limits", "role", false),
    ]

    static func all() throws -> [(name: String, kind: Kind?)] {
        fileNames.map { name in (name, json(name).map { kind($0, name) } ?? .noJSON) }
    }

    /// The apps and pods of all files.
    static func services() throws -> [(name: String, json: JSON, isPod: Bool)] {
        fileNames.filter { !answers.contains($0) }.flatMap { name in
            (json(name).map { services(in: $0) } ?? []).map { (name, $0, $0["containers"]?.array != nil) }
        }
    }

    static func apps() throws -> [(name: String, app: JSON)] {
        try services().filter { !$0.isPod }.map { ($0.name, $0.json) }
    }

    private static func json(_ name: String) -> JSON? {
        FileManager.default.contents(atPath: folder + "/" + name).flatMap { try? JSON(parsing: Array($0)) }
    }

    private static func kind(_ json: JSON, _ name: String) -> Kind? {
        if answers.contains(name) { return .answer }
        if json["app"] != nil { return .wrapped }
        if json["containers"] != nil { return .pod }
        if json["groups"] != nil || (json["apps"] != nil && json["id"] != nil) { return .group }
        if json["apps"] != nil { return .list }
        return json["id"] == nil ? nil : .app
    }

    /// A service stands alone, in `app`, in a list, or somewhere in a tree of groups; a pod there as `spec`.
    private static func services(in json: JSON) -> [JSON] {
        let isGroup = ["apps", "groups", "pods"].contains { json[$0] != nil }
        let inner =
            (json["apps"]?.array ?? []) + (json["groups"]?.array ?? []) + (json["pods"]?.array ?? [])
            + [json["app"], json["spec"]].compactMap { $0 }
        if !inner.isEmpty || isGroup { return inner.flatMap(services) }
        return json["id"]?.string?.isEmpty == false ? [json] : []
    }
}
