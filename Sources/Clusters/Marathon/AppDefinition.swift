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
        guard let object = app.object, let id = object["id"]?.string, !id.isEmpty else {
            throw Failure("Marathon returned an app without an id", details: [String(app.compact.prefix(200))])
        }
        json = CanonicalForm.of(object)
    }

    var id: ServiceID { ServiceID(json["id"]?.string ?? "") }
    var instances: Int {
        get { json["instances"]?.int ?? 1 }
        set { json["instances"] = .number(JSONNumber(newValue)) }
    }
    var hasHealthChecks: Bool { json["healthChecks"]?.array?.isEmpty == false }
    var labels: JSONObject { json["labels"]?.object ?? JSONObject() }
    var text: String { JSON.object(json).compact }

    /// Digest of what makes two apps the same, without the instance count.
    var fingerprint: String { Fingerprint.of(self) }

    /// Absolute ids of what must run first. A relative one is relative to the app's group.
    var dependencies: [ServiceID] {
        (json["dependencies"]?.array ?? []).compactMap(\.string).map { absolute($0) }
    }

    func value(at path: FieldPath) -> JSON? {
        path.keys.reduce(JSON?.some(.object(json))) { value, key in
            Int(key).flatMap { value?[$0] } ?? value?[key]
        }
    }

    /// - Throws: `Failure` when the path leads through something that has no fields.
    mutating func set(_ path: FieldPath, to value: JSON?) throws(Failure) {
        guard path.keys != ["id"] else {
            throw Failure("An override can't change the id of \(id)", at: "services.overrides of environment.yaml")
        }
        json = try JSON.object(json).setting(path.keys[...], to: value, in: path).object ?? json
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
