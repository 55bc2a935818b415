/// A server that exists, as the provisioner reports it.
public struct Host: Codable, Sendable, Hashable {
    public var name: String
    public var address: String
    /// Whatever else the provisioner's outputs say of it, as text.
    public var variables: [String: String]
    /// Names of the variables whose text is JSON: a number, a flag, a list or a map. Sorted; nil where all are texts.
    public var structured: [String]?

    public init(name: String, address: String, variables: [String: String] = [:], structured: [String] = []) {
        self.name = name
        self.address = address
        self.variables = variables
        self.structured = structured.isEmpty ? nil : structured.sorted()
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

extension Host {
    /// Where it is: its address, and where Ansible configures it.
    fileprivate var places: [(address: String, port: String?)] {
        let configured = ["ansible_host", "ansible_ssh_host"].compactMap { variables[$0] }
            .map { (address: $0, port: variables["ansible_port"]) }
        return ([(address: address, port: nil)] + configured).filter { !$0.address.isEmpty }
    }
}

/// The servers of one color, in their groups.
public struct Inventory: Codable, Sendable, Hashable {
    public var groups: [String: [Host]]

    public init(groups: [String: [Host]] = [:]) { self.groups = groups }

    /// Every server once, with what each of its groups says of it.
    public var hosts: [Host] {
        var found: [Host] = []
        var places: [String: Int] = [:]
        for host in groups.keys.sorted().flatMap({ groups[$0] ?? [] }) {
            // A server whose name is not known yet is one of its own.
            guard !host.name.isEmpty, let place = places[host.name] else {
                places[host.name] = found.count
                found.append(host)
                continue
            }
            let new = host.variables.filter { found[place].variables[$0.key] == nil }
            found[place].variables.merge(new) { first, _ in first }
            let structured = Set(found[place].structured ?? []).union((host.structured ?? []).filter { new[$0] != nil })
            found[place].structured = structured.isEmpty ? nil : structured.sorted()
        }
        return found
    }

    public var isEmpty: Bool { groups.values.allSatisfy(\.isEmpty) }

    /// What this inventory shares with another color's, one sentence each: a server belongs to one color, by its name,
    /// its address (also the one at which it is configured, `ansible_host`) and its `id`. Empty when they are apart.
    ///
    /// An address or a name that is not known yet is empty, and belongs to no server.
    public func overlaps(with other: Inventory) -> [String] {
        let names = Set(hosts.map(\.name)).intersection(other.hosts.map(\.name)).subtracting([""]).sorted()
        return names.map { "both have a server \($0)" } + Inventory.sharedAddresses(hosts, other.hosts)
            + Inventory.sharedIDs(hosts, other.hosts)
    }

    /// The addresses that servers of two colors share, one sentence each. Two ports of one address, both given as
    /// `ansible_port`, are two places.
    public static func sharedAddresses(_ hosts: [Host], _ others: [Host]) -> [String] {
        var owners: [String: [(host: Host, port: String?)]] = [:]
        for host in others {
            for place in host.places { owners[place.address.lowercased(), default: []].append((host, place.port)) }
        }
        var found: Set<String> = []
        for host in hosts {
            for place in host.places {
                for owner in owners[place.address.lowercased(), default: []] {
                    if let port = place.port, let other = owner.port, port != other { continue }
                    found.insert("\(host.name) and \(owner.host.name) have the same address \(place.address)")
                }
            }
        }
        return found.sorted()
    }

    private static func sharedIDs(_ hosts: [Host], _ others: [Host]) -> [String] {
        var owners: [String: String] = [:]
        for host in others { if let id = host.variables["id"], !id.isEmpty { owners[id.lowercased()] = host.name } }
        return Set(
            hosts.compactMap { host in
                guard let id = host.variables["id"], let owner = owners[id.lowercased()] else { return nil }
                return "\(host.name) and \(owner) have the same id \(id)"
            }
        ).sorted()
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

    /// Whether a host, as URLs name one, is one of its servers: by its name, its address, or a variable that holds an
    /// address or a full name. A single word of a variable (`role: web`) is no host.
    public func isServer(_ host: String) -> Bool {
        let host = ServerState.host(of: host)
        guard !host.isEmpty else { return false }
        return hosts.contains { server in
            [server.name, server.address].contains { ServerState.host(of: $0) == host }
                || host.contains { ".:".contains($0) }
                    && server.variables.values.contains { ServerState.host(of: $0) == host }
        }
    }

    /// Fills in each `{{ group[0].field }}` of a text from this inventory.
    ///
    /// - Throws: `Failure` that names the expression which has no value here.
    public func fill(_ text: String) throws(Failure) -> String { try Inventory.fill(text, value) }

    /// Fills in each `{{ … }}` of a text.
    ///
    /// - Parameter value: of what stands between the braces, without its spaces.
    static func fill(
        _ text: String, _ value: (String) throws(Failure) -> String
    ) throws(Failure) -> String {
        var result = ""
        var rest = Substring(text)
        while let open = Inventory.range(of: "{{", in: rest) {
            result += rest[..<open.lowerBound]
            rest = rest[open.upperBound...]
            guard let close = Inventory.range(of: "}}", in: rest) else {
                throw Failure("`{{` without `}}` in “\(text)”")
            }
            result += try value(String(rest[..<close.lowerBound]).filter { $0 != " " })
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

    private func value(_ expression: String) throws(Failure) -> String {
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
