import Digest
import JSON
import Migration

/// An app or a pod of Marathon as a launch definition: what an operator wrote, without what Marathon adds, in the form
/// that Marathon 1.5 and later return. Unknown fields survive untouched.
///
/// Source: Marathon 1.11, `AppNormalization.scala` and the RAML types under `docs/docs/rest-api/public/api/v2/types`.
struct MarathonDefinition: Sendable, Hashable {
    enum Kind: String, Sendable { case app, pod }

    let kind: Kind
    private(set) var json: JSONObject

    /// - Parameter defaultRole: the role that this Marathon gives where a definition says nothing; said by the
    ///   definition it is left out, as another Marathon's may be called differently.
    /// - Throws: `Failure` when the definition has no id.
    init(_ definition: JSON, defaultRole: String? = nil) throws(Failure) {
        guard let object = definition.object, let id = object["id"]?.string, !id.isEmpty else {
            throw Failure(
                "Marathon returned a service without an id", details: [definition.outline])
        }
        kind = object["containers"]?.array == nil ? .app : .pod
        json = kind == .app ? AppForm.of(object) : PodForm.of(object)
        if let defaultRole, json["role"]?.string == defaultRole { json["role"] = nil }
    }

    var id: ServiceID { ServiceID(json["id"]?.string ?? "") }
    var labels: JSONObject { json["labels"]?.object ?? JSONObject() }
    var text: String { JSON.object(json).compact }

    var instances: Int {
        get { (kind == .app ? json["instances"] : json["scaling"]?["instances"])?.int ?? 1 }
        set {
            let number = JSON.number(JSONNumber(newValue))
            guard kind == .pod else { return json["instances"] = number }
            var scaling = json["scaling"]?.object ?? JSONObject([("kind", "fixed")])
            scaling["instances"] = number
            json["scaling"] = .object(scaling)
        }
    }

    var role: String? {
        get { json["role"]?.string }
        set { json["role"] = newValue.map(JSON.string) }
    }

    var hasHealthChecks: Bool {
        switch kind {
        case .app: json["healthChecks"]?.array?.isEmpty == false
        case .pod: (json["containers"]?.array ?? []).contains { $0["healthCheck"]?.object != nil }
        }
    }

    /// Digest of what makes two services the same, without the instance count.
    var fingerprint: String { SHA256.hexadecimal(of: normalForm.canonical) }

    /// The definition as any version of Marathon would report it: defaults filled in, nothing empty, sets sorted, numbers
    /// by their value. The instance count does not belong to it.
    var normalForm: JSON {
        var bare = json
        if !dependencies.isEmpty { bare["dependencies"] = .array(dependencies.map { .string($0.text) }) }
        return kind == .app ? AppDefaults.filled(bare) : PodDefaults.filled(bare)
    }

    /// Absolute ids of what must run first. Marathon reads a relative one from the service's own id: `../db` of
    /// `/shop/web` is `/shop/db`.
    var dependencies: [ServiceID] {
        (json["dependencies"]?.array ?? []).compactMap(\.string).map { ServiceID($0, from: id) }
    }

    func value(at path: FieldPath) -> JSON? { JSON.object(json).value(at: path) }
}

extension ServiceID {
    /// The absolute form of an id of Marathon that may be relative to another one.
    init(_ text: String, from base: ServiceID) {
        guard !text.hasPrefix("/") else {
            self.init("/" + text.split(separator: "/").joined(separator: "/"))
            return
        }
        var parts = base.text.split(separator: "/")
        for part in text.split(separator: "/") {
            if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(part) }
        }
        self.init("/" + parts.joined(separator: "/"))
    }

    /// The groups around it, the outermost first: `/shop`, `/shop/front`.
    var groups: [ServiceID] {
        let parts = text.split(separator: "/").dropLast()
        return parts.indices.map { ServiceID("/" + parts[...$0].joined(separator: "/")) }
    }
}
