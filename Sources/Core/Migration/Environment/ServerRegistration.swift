/// Servers of a color that a run puts into a backend itself, and takes out again after the color's end.
public struct ServerRegistration: Sendable, Hashable {
    /// Who its servers are.
    public enum Source: Sendable, Hashable {
        /// A group of the color's inventory.
        case group(String)
        /// Tasks of a service, each at the port that it was given. One that restarts gets another one: the list follows.
        case tasks(ServiceID)
    }

    public var source: Source
    /// Of a group: a number, or `{{ variable }}` of each server. Of tasks: the place among their ports, or a port's name.
    public var port: String
    /// What each is called in the backend: `{{ name }}` and other variables of the server are filled in, and of a task
    /// `{{ port }}`.
    public var name: String
    /// The pattern that their names fit; nil where it follows from `name`.
    public var matches: String?
    /// What the load balancer is told of each beside its address, in its own words; nil for what it reports of the
    /// backend's other servers.
    public var options: [String]?

    public init(_ source: Source, port: String, name: String, matches: String? = nil, options: [String]? = nil) {
        self.source = source
        self.port = port
        self.name = name
        self.matches = matches
        self.options = options
    }

    /// The service whose tasks its servers are.
    public var service: ServiceID? {
        if case .tasks(let service) = source { service } else { nil }
    }

    /// The pattern that fits their names.
    public var pattern: String {
        matches
            ?? name.split(separator: "{{", omittingEmptySubsequences: false).enumerated().map { number, piece in
                guard number > 0, let close = piece.firstRange(of: "}}") else { return String(piece) }
                return "*" + piece[close.upperBound...]
            }.joined()
    }

    /// The servers as they are to be listed, in the order of the inventory or of the tasks.
    ///
    /// - Parameter tasks: those of `service`.
    /// - Throws: `Failure` for a variable that a server does not have, a port that is none, two servers with one name, a
    ///   task on a host that is none of the color's (I11).
    public func servers(of inventory: Inventory, tasks: [ServiceTask] = []) throws(Failure) -> [RegisteredServer] {
        var names: Set<String> = []
        var servers: [RegisteredServer] = []
        for (host, port) in try places(inventory, tasks) {
            let name = try host.fill(self.name)
            guard matchesWildcard(name, pattern: pattern) else {
                throw Failure(
                    "The server \(name) would not fit “\(pattern)”, so no one would know whose it is",
                    at: "traffic/servers/matches", advice: "Correct `name` or `matches`.")
            }
            guard names.insert(name).inserted else {
                throw Failure(
                    "Two servers of \(source) would be called \(name)", at: "traffic/servers/name",
                    advice: "Put what sets them apart into the name, for example {{ name }}"
                        + (service == nil ? "." : "-{{ port }}."))
            }
            let address = host.address.contains(":") ? "[\(host.address)]" : host.address
            servers.append(RegisteredServer(name: name, address: "\(address):\(port)"))
        }
        return servers
    }

    private func places(
        _ inventory: Inventory, _ tasks: [ServiceTask]
    ) throws(Failure) -> [(host: Host, port: Int)] {
        switch source {
        case .group(let group):
            try (inventory.groups[group] ?? []).map { host throws(Failure) in
                let port = try host.fill(self.port)
                guard let number = Int(port), (1...65_535).contains(number) else {
                    throw Failure(
                        "\(host.name): “\(port)” is not a port", at: "traffic/servers/port",
                        advice: "Give a number from 1 to 65535, or a variable of the server that holds one.")
                }
                return (host, number)
            }
        case .tasks(let service):
            try tasks.map { task throws(Failure) in
                guard let host = inventory.hosts.first(where: { $0.isCalled(task.host) }) else {
                    throw Failure(
                        "A task of \(service) runs on \(task.host), which is not one of the color's servers",
                        at: "traffic/servers/tasks",
                        details: ["servers: \(Wording.few(inventory.hosts.map(\.name)))"],
                        advice: "Give the provisioner's output `inventory` the address or a variable by which the "
                            + "framework calls this server.", kind: .refused)
                }
                guard let number = task.port(self.port) else {
                    let known = task.ports.map { port in port.name.map { "\($0) (\(port.number))" } ?? "\(port.number)"
                    }
                    throw Failure(
                        "A task of \(service) has no port \(self.port)", at: "traffic/servers/port",
                        details: ["its ports: \(known.isEmpty ? "none" : known.joined(separator: ", "))"],
                        advice: "Give the place among its ports, from 0 on, or a name of the definition.",
                        kind: .refused)
                }
                var named = host
                named.variables["port"] = "\(number)"
                return (named, number)
            }
        }
    }
}

extension ServerRegistration.Source: CustomStringConvertible {
    /// In the middle of a sentence.
    public var description: String {
        switch self {
        case .group(let group): group
        case .tasks(let service): "tasks of \(service)"
        }
    }
}

extension ServerRegistration: Codable {
    private enum Key: String, CodingKey {
        case from = "from"
        case tasks = "tasks"
        case port = "port"
        case name = "name"
        case matches = "matches"
        case options = "options"
    }

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: Key.self)
        let service = try keys.decodeIfPresent(ServiceID.self, forKey: .tasks)
        self.init(
            try service.map(Source.tasks) ?? .group(keys.decode(String.self, forKey: .from)),
            port: try keys.decode(String.self, forKey: .port), name: try keys.decode(String.self, forKey: .name),
            matches: try keys.decodeIfPresent(String.self, forKey: .matches),
            options: try keys.decodeIfPresent([String].self, forKey: .options))
    }

    public func encode(to encoder: any Encoder) throws {
        var keys = encoder.container(keyedBy: Key.self)
        switch source {
        case .group(let group): try keys.encode(group, forKey: .from)
        case .tasks(let service): try keys.encode(service, forKey: .tasks)
        }
        try keys.encode(port, forKey: .port)
        try keys.encode(name, forKey: .name)
        try keys.encodeIfPresent(matches, forKey: .matches)
        try keys.encodeIfPresent(options, forKey: .options)
    }
}

/// A server as a load balancer is to list it.
public struct RegisteredServer: Codable, Sendable, Hashable {
    public var name: String
    /// `address:port`
    public var address: String

    public init(name: String, address: String) {
        self.name = name
        self.address = address
    }
}

extension Host {
    /// Whether a framework means it by this name or address.
    fileprivate func isCalled(_ text: String) -> Bool {
        let text = ServerState.host(of: text)
        return ServerState.host(of: address) == text || name.lowercased() == text
            || variables.values.contains { $0.lowercased() == text }
    }

    /// Fills in each `{{ variable }}` of a text.
    ///
    /// - Throws: `Failure` that names the variable which this server does not have.
    fileprivate func fill(_ text: String) throws(Failure) -> String {
        try Inventory.fill(text) { variable throws(Failure) in
            guard let value = self[variable] else {
                throw Failure(
                    "{{ \(variable) }} has no value for \(name)",
                    details: [
                        "its variables: \((["name", "address"] + variables.keys.sorted()).joined(separator: ", "))"
                    ],
                    advice: "Check the provisioner's output `inventory` and `traffic` in environment.yaml.")
            }
            return value
        }
    }
}
