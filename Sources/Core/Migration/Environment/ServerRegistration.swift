/// Servers of a color that a run puts into a backend itself, and takes out again after the color's end.
public struct ServerRegistration: Codable, Sendable, Hashable {
    /// The group of the color's inventory that its servers are.
    public var from: String
    /// A number, or `{{ variable }}` of each server.
    public var port: String
    /// What each is called in the backend: `{{ name }}` and other variables of the server are filled in.
    public var name: String
    /// The pattern that their names fit; nil where it follows from `name`.
    public var matches: String?
    /// What the load balancer is told of each beside its address, in its own words; nil for what it reports of the
    /// backend's other servers.
    public var options: [String]?

    public init(from: String, port: String, name: String, matches: String? = nil, options: [String]? = nil) {
        self.from = from
        self.port = port
        self.name = name
        self.matches = matches
        self.options = options
    }

    /// The pattern that fits their names.
    public var pattern: String {
        matches
            ?? name.split(separator: "{{", omittingEmptySubsequences: false).enumerated().map { number, piece in
                guard number > 0, let close = piece.firstRange(of: "}}") else { return String(piece) }
                return "*" + piece[close.upperBound...]
            }.joined()
    }

    /// The servers as they are to be listed, in the inventory's order.
    ///
    /// - Throws: `Failure` for a variable that a server does not have, a port that is none, two servers with one name.
    public func servers(of inventory: Inventory) throws(Failure) -> [RegisteredServer] {
        var names: Set<String> = []
        var servers: [RegisteredServer] = []
        for host in inventory.groups[from] ?? [] {
            let port = try host.fill(self.port)
            guard let number = Int(port), (1...65_535).contains(number) else {
                throw Failure(
                    "\(host.name): “\(port)” is not a port", at: "traffic/servers/port",
                    advice: "Give a number from 1 to 65535, or a variable of the server that holds one.")
            }
            let name = try host.fill(self.name)
            guard matchesWildcard(name, pattern: pattern) else {
                throw Failure(
                    "The server \(name) would not fit “\(pattern)”, so no one would know whose it is",
                    at: "traffic/servers/matches", advice: "Correct `name` or `matches`.")
            }
            guard names.insert(name).inserted else {
                throw Failure(
                    "Two servers of \(from) would be called \(name)", at: "traffic/servers/name",
                    advice: "Put what sets them apart into the name, for example {{ name }}.")
            }
            let address = host.address.contains(":") ? "[\(host.address)]" : host.address
            servers.append(RegisteredServer(name: name, address: "\(address):\(number)"))
        }
        return servers
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
