import JSON

/// A server that tasks can run on, as its `etc/agent.json` describes it.
struct Agent: Sendable, Hashable {
    /// The server's name, which is its folder's name; on Mesos the agent's id.
    let server: String
    /// The server's folder; on Mesos empty.
    let directory: String
    let hostname: String
    let attributes: [String: String]
    var resources: Resources
    let ports: [ClosedRange<Int>]
    /// Variables every task on this agent gets.
    let environment: [String: String]
    /// Whether tasks may be placed on it now: on Mesos only while it offers its resources.
    var hasOffer = true

    /// The id tasks carry as their `slaveId`.
    var id: String { Agent.id(server: server, directory: directory) }

    static func id(server: String, directory: String) -> String {
        directory.isEmpty ? server : "sandbox-\(server)"
    }

    func value(of field: String) -> String? {
        switch field {
        case "hostname", "@hostname": hostname
        case "@region", "@zone": nil
        default: attributes[field]
        }
    }

    func owns(port: Int) -> Bool {
        ports.contains { $0.contains(port) }
    }
}

extension Agent {
    /// Reads the document of `etc/agent.json`; nil when it has no hostname.
    init?(_ json: JSON, server: String, directory: String) {
        guard let hostname = json["hostname"]?.string else { return nil }
        self.server = server
        self.directory = directory
        self.hostname = hostname
        attributes = Self.texts(json["attributes"])
        environment = Self.texts(json["environment"])
        let amounts = json["resources"]
        resources = Resources(
            cpus: amounts?["cpus"]?.double ?? 0, mem: amounts?["mem"]?.double ?? 0,
            disk: amounts?["disk"]?.double ?? 0, gpus: amounts?["gpus"]?.double ?? 0)
        ports = Self.ranges(amounts?["ports"]?.string ?? "")
    }

    private static func texts(_ json: JSON?) -> [String: String] {
        var texts: [String: String] = [:]
        for (key, value) in json?.object ?? JSONObject() { texts[key] = value.string ?? value.compact }
        return texts
    }

    /// Reads `31000-32000` and Mesos' own `[31000-32000, 33000-33010]`.
    private static func ranges(_ text: String) -> [ClosedRange<Int>] {
        text.split(separator: ",").compactMap { part in
            let bounds = part.split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) }
            guard let first = bounds.first, let last = bounds.last, first <= last else { return nil }
            return first...last
        }
    }
}
