import Migration

/// The keys of Traefik's configuration in a Redis, as far as rz reads them: which routers, services and middlewares
/// there are, the weights of those services that rz moves, and rz's note.
///
/// Source: Traefik's documentation, Dynamic Configuration with KV. That it takes names of fields in any letters, any text
/// as the place in a list, and a missing weight as 1 was measured on 3.7.15.
struct TraefikKeys: Sendable {
    /// What is there that rz can't write.
    struct Foreign: Error, Hashable {
        var reason: String
    }

    /// Where a child of a weighted service stands.
    private struct Place: Hashable {
        var service: String
        var prefix: String
    }

    private struct Fields {
        var name: String?
        var weight: String?
    }

    private let root: String
    private let middleware: String
    /// By kind: `routers`, `services`, `middlewares`.
    private var names: [String: Set<String>] = [:]
    private var places: [Place: Fields] = [:]
    /// By header, in small letters; the canonical one first.
    private var noteKeys: [String: String] = [:]
    /// Keys of which no one can say which one Traefik takes.
    private var doubles: [String] = []

    /// - Parameters:
    ///   - keys: those below `root`.
    ///   - services: that rz moves, without a provider.
    init(_ keys: Set<String>, root: String, environment: String, services: Set<String>) {
        self.root = root
        middleware = TraefikNote.middleware(environment)
        for header in [TraefikNote.epochHeader, TraefikNote.restingHeader] {
            noteKeys[header.lowercased()] =
                "\(root)/http/middlewares/\(middleware)/headers/customRequestHeaders/\(header)"
        }
        for key in keys.sorted() where key.hasPrefix(root + "/") {
            let parts = key.dropFirst(root.count + 1).split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count > 3, parts[0].lowercased() == "http" else { continue }
            let (kind, name) = (parts[1].lowercased(), String(parts[2]))
            names[kind, default: []].insert(name)
            let fields = parts.dropFirst(3).map { $0.lowercased() }
            if kind == "services", services.contains(name), fields.count == 4, fields[0] == "weighted",
                fields[1] == "services"
            {
                // The place may be any text, in letters of its own.
                take(fields[3], of: Place(service: name, prefix: key.dropLast(parts[6].count + 1).description), key)
            }
        }
    }

    private mutating func take(_ field: String, of place: Place, _ key: String) {
        let known = places[place] ?? Fields()
        switch field {
        case "name":
            if let other = known.name { doubles.append("\(other) and \(key)") }
            places[place, default: Fields()].name = key
        case "weight":
            if let other = known.weight { doubles.append("\(other) and \(key)") }
            places[place, default: Fields()].weight = key
        default: return
        }
    }

    /// Those whose values rz reads, and whose changes by others it has to see.
    var read: [String] {
        places.values.flatMap { [$0.name, $0.weight].compactMap(\.self) }.sorted() + noteKeys.values.sorted()
    }

    /// - Parameter values: of the keys in `read`; those that are gone are left out.
    /// - Returns: nil where there is none of the services.
    /// - Throws: `Foreign` for what Traefik does not take, or not as it is written.
    func holdings(_ values: [String: String]) throws(Foreign) -> TraefikHoldings? {
        if let double = doubles.first { throw Foreign(reason: "\(double) differ in large and small letters only") }
        var services: [String: [TraefikReport.Weighted.Child]] = [:]
        for (place, fields) in places.sorted(by: { $0.key.prefix < $1.key.prefix }) {
            guard let name = fields.name.flatMap({ values[$0] }), !name.isEmpty else {
                throw Foreign(reason: "there is no \(place.prefix)/name")
            }
            let weight = try fields.weight.flatMap { key throws(Foreign) in
                try values[key].map { text throws(Foreign) in try TraefikKeys.weight(text, at: key) }
            }
            services[place.service + "@redis", default: []].append(
                TraefikReport.Weighted.Child(name: name, weight: weight ?? 1))
        }
        guard !services.isEmpty else { return nil }
        var headers: [String: String] = [:]
        for (header, key) in noteKeys { headers[header] = values[key] }
        return TraefikHoldings(services: services, note: TraefikNote(headers))
    }

    private static func weight(_ text: String, at key: String) throws(Foreign) -> Int {
        guard let weight = Int(text) else {
            throw Foreign(reason: "\(key) is no number, so Traefik takes nothing of its configuration")
        }
        return min(TraefikReport.Weighted.largest, max(0, weight))
    }

    /// What is to be set and what to be deleted, so that `new` stands there.
    ///
    /// - Parameter values: what stands there now.
    func changes(
        to new: TraefikHoldings, from values: [String: String]
    ) -> (set: [(key: String, value: String)], delete: [String]) {
        var set: [(key: String, value: String)] = []
        var passed: [String: Int] = [:]
        for (place, fields) in places.sorted(by: { $0.key.prefix < $1.key.prefix }) {
            let number = passed[place.service, default: 0]
            passed[place.service] = number + 1
            guard let children = new.services[place.service + "@redis"], number < children.count else { continue }
            let child = children[number]
            let now = fields.weight.flatMap { values[$0] }.flatMap { Int($0) } ?? 1
            guard min(TraefikReport.Weighted.largest, max(0, now)) != child.weight else { continue }
            set.append((fields.weight ?? place.prefix + "/weight", "\(child.weight)"))
        }
        var delete: [String] = []
        let headers = Dictionary(
            new.note.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first })
        for (header, key) in noteKeys.sorted(by: { $0.key < $1.key }) where values[key] != headers[header] {
            if let value = headers[header] { set.append((key, value)) } else { delete.append(key) }
        }
        return (set, delete)
    }

    /// The weights as they stand, to be written once more.
    func weights(_ values: [String: String]) -> [(key: String, value: String)] {
        places.values.compactMap(\.weight).sorted().compactMap { key in values[key].map { (key, $0) } }
    }

    /// What Traefik serves of this provider and no key is left of: with the next write it would forget it.
    func missing(from report: TraefikReport) -> [String] {
        report.names(of: "@redis").flatMap { kind, served in
            served.filter { !(names[kind]?.contains($0) ?? false) }.sorted().map { "\(root)/http/\(kind)/\($0)" }
        }
    }
}
