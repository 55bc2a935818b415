import JSON
import Migration
import YAML

/// The file that rz owns: weighted services, and the note of who may write and of what is taken out.
///
/// Traefik keeps no state of a child but its weight. What rz needs to find again, whoever reads it, stands in the headers
/// of a middleware that no router uses: Traefik's API gives it back with the rest of what it serves.
struct TraefikFile: Sendable {
    /// What is in a file that rz does not write.
    struct Foreign: Error, Hashable {
        var reason: String
    }

    /// Which run may write, and who is taken out of service.
    struct Note: Sendable, Hashable {
        var epoch: EpochEntry?
        /// By `SERVICE/CHILD`.
        var resting: [String: Resting] = [:]

        init() {}

        /// - Parameter headers: their names in small letters.
        init(_ headers: [String: String]) {
            epoch = headers["rz-epoch"].flatMap { EpochEntry(Substring($0)) }
            for part in (headers["rz-resting"] ?? "").split(separator: " ") {
                guard let equals = part.lastIndex(of: "="), let rest = Resting(part[part.index(after: equals)...])
                else { continue }
                resting[String(part[..<equals])] = rest
            }
        }

        var headers: [(String, JSON)] {
            var headers: [(String, JSON)] = []
            if let epoch { headers.append(("Rz-Epoch", .string(epoch.description))) }
            let lines = resting.sorted { $0.key < $1.key }.map {
                "\($0.key)=\($0.value.text)"
            }
            if !lines.isEmpty { headers.append(("Rz-Resting", .string(lines.joined(separator: " ")))) }
            return headers
        }
    }

    private let environment: String
    private var services: [(name: String, content: JSON)]
    var note: Note

    /// The middleware's name, without a provider.
    static func middleware(_ environment: String) -> String { "rz-epoch-\(environment)" }

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
            guard name == TraefikFile.middleware(environment) else {
                throw Foreign(reason: "it holds `http.middlewares.\(name)`")
            }
            for (key, value) in content["headers"]?["customRequestHeaders"]?.object ?? JSONObject() {
                headers[key.lowercased()] = value.string
            }
        }
        note = Note(headers)
    }

    /// With a provider, as the API names them.
    var names: [String] { services.map { $0.name + "@file" } }

    func children(of service: String) -> [TraefikReport.Weighted.Child]? {
        services.first { $0.name + "@file" == service }.map {
            TraefikReport.Weighted.children($0.content["weighted"] ?? .null)
        }
    }

    /// Whether Traefik serves what the file holds; what is different, in words.
    func difference(from report: TraefikReport) -> String? {
        for name in names {
            guard let served = report.weighted[name] else { return "it serves no weighted service \(name)" }
            if let problem = served.problem { return "it does not serve \(name): \(problem)" }
            let wanted = children(of: name) ?? []
            guard served.children != wanted else { continue }
            func words(_ children: [TraefikReport.Weighted.Child]) -> String {
                children.map { "\($0.name) \($0.weight)" }.joined(separator: ", ")
            }
            return "\(name): the file has \(words(wanted)), Traefik serves \(words(served.children))"
        }
        let served = Note(report.notes[TraefikFile.middleware(environment) + "@file"] ?? [:])
        return served == note ? nil : "it does not serve rz's note of this file"
    }

    /// Sets the weight of a child.
    ///
    /// - Returns: whether there is such a child.
    mutating func set(_ weight: Int, of child: String, in service: String) -> Bool {
        guard let index = services.firstIndex(where: { $0.name + "@file" == service }),
            let weighted = services[index].content["weighted"]?.object
        else { return false }
        var isThere = false
        let children = (weighted["services"]?.array ?? []).map { one -> JSON in
            guard one["name"]?.string == child, var object = one.object else { return one }
            isThere = true
            object["weight"] = .number(JSONNumber(weight))
            return .object(object)
        }
        var changed = weighted
        changed["services"] = .array(children)
        services[index].content = ["weighted": .object(changed)]
        return isThere
    }

    /// JSON, which is YAML, too.
    var text: String {
        var http: [(String, JSON)] = [("services", .object(JSONObject(services.map { ($0.name, $0.content) })))]
        if !note.headers.isEmpty {
            let content: JSON = ["headers": ["customRequestHeaders": .object(JSONObject(note.headers))]]
            http.append(("middlewares", .object(JSONObject([(TraefikFile.middleware(environment), content)]))))
        }
        let root: JSON = ["http": .object(JSONObject(http))]
        return """
            # Written by rz, which moves the users of the environment \(environment) by these weights. Only weighted
            # services belong in this file; their children, routers and all else belong in others.
            \(root.pretty)

            """
    }
}
