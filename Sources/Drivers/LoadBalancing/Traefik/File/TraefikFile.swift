import JSON
import Migration
import YAML

/// The file that rz owns: weighted services, and rz's note.
struct TraefikFile: Sendable {
    /// What is in a file that rz does not write.
    struct Foreign: Error, Hashable {
        var reason: String
    }

    private let environment: String
    private var services: [(name: String, content: JSON)]
    private var note: TraefikNote

    /// Reads a file that rz wrote, or that a person began with nothing but weighted services.
    init(_ text: String, environment: String) throws(Foreign) {
        self.environment = environment
        guard !text.contains("{{") else { throw Foreign(reason: "it is a template of Traefik's (`{{`)") }
        let json: JSON
        do throws(YAMLError) { json = try JSON(yaml: text) } catch { throw Foreign(reason: "\(error)") }
        guard let root = json.object else { throw Foreign(reason: "it holds no `http: { services: … }`") }
        if let other = root.keys.first(where: { $0 != "http" }) { throw Foreign(reason: "it holds `\(other)`") }
        let http = root["http"]?.object ?? JSONObject()
        if let other = http.keys.first(where: { $0 != "services" && $0 != "middlewares" }) {
            throw Foreign(reason: "it holds `http.\(other)`")
        }
        services = []
        for (name, content) in http["services"]?.object ?? JSONObject() {
            guard content.object?.keys == ["weighted"], content["weighted"]?["services"]?.array?.isEmpty == false else {
                throw Foreign(reason: "`http.services.\(name)` is no weighted service")
            }
            services.append((name, content))
        }
        var headers: [String: String] = [:]
        for (name, content) in http["middlewares"]?.object ?? JSONObject() {
            guard name == TraefikNote.middleware(environment) else {
                throw Foreign(reason: "it holds `http.middlewares.\(name)`")
            }
            for (key, value) in content["headers"]?["customRequestHeaders"]?.object ?? JSONObject() {
                headers[key] = value.string
            }
        }
        note = TraefikNote(headers)
    }

    /// What it holds; setting it changes weights and note, and keeps all else.
    var holdings: TraefikHoldings {
        get {
            let children = services.map {
                ($0.name + "@file", TraefikReport.Weighted.children($0.content["weighted"] ?? .null))
            }
            return TraefikHoldings(services: Dictionary(children, uniquingKeysWith: { first, _ in first }), note: note)
        }
        set {
            let old = holdings
            note = newValue.note
            for index in services.indices {
                let name = services[index].name + "@file"
                // What does not change stays in the words in which it was written.
                for child in newValue.services[name] ?? [] where old.services[name]?.contains(child) == false {
                    set(child.weight, of: child.name, at: index)
                }
            }
        }
    }

    private mutating func set(_ weight: Int, of child: String, at index: Int) {
        guard let weighted = services[index].content["weighted"]?.object else { return }
        let children = (weighted["services"]?.array ?? []).map { one -> JSON in
            guard one["name"]?.string == child, var object = one.object else { return one }
            object["weight"] = .number(JSONNumber(weight))
            return .object(object)
        }
        var changed = weighted
        changed["services"] = .array(children)
        services[index].content = ["weighted": .object(changed)]
    }

    /// JSON, which is YAML, too.
    var text: String {
        var http: [(String, JSON)] = [("services", .object(JSONObject(services.map { ($0.name, $0.content) })))]
        let headers = note.headers.map { ($0.name, JSON.string($0.value)) }
        if !headers.isEmpty {
            let content: JSON = ["headers": ["customRequestHeaders": .object(JSONObject(headers))]]
            http.append(("middlewares", .object(JSONObject([(TraefikNote.middleware(environment), content)]))))
        }
        let root: JSON = ["http": .object(JSONObject(http))]
        return """
            # Written by rz, which moves the users of the environment \(environment) by these weights. Only weighted
            # services belong in this file; their children, routers and all else belong in others.
            \(root.pretty)

            """
    }
}
