/// A server that exists, as the provisioner reports it.
public struct Host: Codable, Sendable, Hashable {
    public var name: String
    public var address: String
    /// Whatever else the provisioner's outputs say of it, as text.
    public var variables: [String: String]

    public init(name: String, address: String, variables: [String: String] = [:]) {
        self.name = name
        self.address = address
        self.variables = variables
    }

    /// `name`, `address` or one of the variables.
    public subscript(field: String) -> String? {
        switch field {
        case "name": name
        case "address": address
        default: variables[field]
        }
    }
}

/// The servers of one color, in their groups.
public struct Inventory: Codable, Sendable, Hashable {
    public var groups: [String: [Host]]

    public init(groups: [String: [Host]] = [:]) { self.groups = groups }

    public var hosts: [Host] { groups.keys.sorted().flatMap { groups[$0] ?? [] } }
    public var isEmpty: Bool { groups.values.allSatisfy(\.isEmpty) }

    /// What this inventory shares with another color's, one sentence each: a server belongs to one color, by its name,
    /// its address and its `id`. Empty when they are apart.
    ///
    /// An address or a name that is not known yet is empty, and is nobody's.
    public func overlaps(with other: Inventory) -> [String] {
        func shared(_ what: String, _ field: (Host) -> String?) -> [String] {
            var owners: [String: String] = [:]
            for host in other.hosts {
                if let value = field(host), !value.isEmpty { owners[value.lowercased()] = host.name }
            }
            var found: Set<String> = []
            for host in hosts {
                guard let value = field(host), let owner = owners[value.lowercased()] else { continue }
                found.insert("\(host.name) and \(owner) have the same \(what) \(value)")
            }
            return found.sorted()
        }
        let names = Set(hosts.map(\.name)).intersection(other.hosts.map(\.name)).subtracting([""]).sorted()
        return names.map { "both have a server \($0)" }
            + shared("address") { $0.address } + shared("id") { $0.variables["id"] }
    }

    /// Whether one of its servers stands at this address: its `address`, or a variable that holds it. Letters count
    /// without regard to case; brackets and a port are no part of it.
    public func holds(_ address: String) -> Bool {
        let host = ServerState.host(of: address)
        return !host.isEmpty
            && hosts.contains { server in
                ([server.address] + server.variables.values).contains { ServerState.host(of: $0) == host }
            }
    }

    /// Fills in each `{{ group[0].field }}` of a text from this inventory.
    ///
    /// - Throws: `Failure` that names the expression which has no value here.
    public func fill(_ text: String) throws(Failure) -> String {
        var result = ""
        var rest = Substring(text)
        while let open = Inventory.range(of: "{{", in: rest) {
            result += rest[..<open.lowerBound]
            rest = rest[open.upperBound...]
            guard let close = Inventory.range(of: "}}", in: rest) else {
                throw Failure("`{{` without `}}` in “\(text)”")
            }
            result += try value(of: String(rest[..<close.lowerBound]).filter { $0 != " " })
            rest = rest[close.upperBound...]
        }
        return result + rest
    }

    /// Fills in the references to servers of a setting, and resolves its references to secrets.
    ///
    /// What a secret resolves to is never searched for `{{ … }}`, and what a server's field holds never for `${…}`.
    ///
    /// - Throws: `Failure` that names the expression or the setting which has no value here.
    public func fill(_ setting: Setting, _ resolver: Resolver) throws(Failure) -> String {
        var result = ""
        for part in setting.parts {
            switch part {
            case .text(let text): result += try fill(text)
            case .reference(let source, let name):
                result += try resolver(Setting("${" + source + (name.text.isEmpty ? "" : ":\(name)") + "}"))
            }
        }
        return result
    }

    private func value(of expression: String) throws(Failure) -> String {
        let parts = expression.split(whereSeparator: { "[].".contains($0) }).map(String.init)
        guard parts.count == 3, let index = Int(parts[1]) else {
            throw Failure(
                "“\(expression)” is not a reference to a server", advice: "Write it as {{ group[0].address }}.")
        }
        guard let hosts = groups[parts[0]], hosts.indices.contains(index), let value = hosts[index][parts[2]] else {
            let known = groups.keys.sorted().map { "\($0) (\(groups[$0]?.count ?? 0))" }.joined(separator: ", ")
            throw Failure(
                "{{ \(expression) }} has no value",
                details: ["groups of servers here: \(known.isEmpty ? "none" : known)"],
                advice: "Check the provisioner's output `inventory` and the name in environment.yaml.")
        }
        return value
    }

    private static func range(of mark: String, in text: Substring) -> Range<Substring.Index>? {
        var index = text.startIndex
        while index < text.endIndex {
            if text[index...].hasPrefix(mark) { return index..<text.index(index, offsetBy: mark.count) }
            index = text.index(after: index)
        }
        return nil
    }
}
