import JSON

/// Service ports in use, and the next free ones.
struct ServicePorts: Sendable {
    private static let range = 10000..<20000
    private var used: Set<Int>
    private var candidate = Self.range.lowerBound

    init(apps: [PathID: AppRecord]) {
        used = Set(apps.values.flatMap { $0.definition.ports.map(\.servicePort) })
    }

    /// Replaces every port 0: first by the ports the app had, then by the lowest free ones.
    mutating func assign(_ document: JSONObject, old: AppDefinition?) throws(MarathonError) -> JSONObject {
        var document = document
        if let definitions = document["portDefinitions"]?.array {
            document["portDefinitions"] = .array(try assign(definitions, "port", old))
        } else if var container = document["container"]?.object, let mappings = container["portMappings"]?.array {
            container["portMappings"] = .array(try assign(mappings, "servicePort", old))
            document["container"] = .object(container)
        }
        return document
    }

    private mutating func assign(
        _ entries: [JSON], _ key: String, _ old: AppDefinition?
    ) throws(MarathonError) -> [JSON] {
        let given = Set(entries.compactMap { $0[key]?.int }.filter { $0 != 0 })
        used.formUnion(given)
        var reusable = (old?.ports.map(\.servicePort) ?? []).filter { !given.contains($0) }[...]
        var assigned: [JSON] = []
        for entry in entries {
            guard var object = entry.object, object[key]?.int == 0 else {
                assigned.append(entry)
                continue
            }
            let port: Int
            if let reused = reusable.popFirst() { port = reused } else { port = try next() }
            object[key] = .count(port)
            assigned.append(.object(object))
        }
        return assigned
    }

    private mutating func next() throws(MarathonError) -> Int {
        while used.contains(candidate) { candidate += 1 }
        guard Self.range.contains(candidate) else {
            throw MarathonError(500, "All ports in the range [10000-20000) are already in use")
        }
        used.insert(candidate)
        return candidate
    }
}
