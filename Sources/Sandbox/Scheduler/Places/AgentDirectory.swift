import JSON

/// The agents of one color: servers with an `etc/agent.json`, as they lie in the folder of servers.
struct AgentDirectory: Sendable {
    let serversDirectory: String
    let color: String

    /// All agents there are now; a file that is half written or damaged counts as not there yet.
    func agents() -> [Agent] {
        File.names(in: serversDirectory).compactMap { name in
            let directory = "\(serversDirectory)/\(name)"
            guard let server = document("\(directory)/server.json"), server["color"]?.string == color,
                let agent = document("\(directory)/etc/agent.json")
            else { return nil }
            return Agent(agent, server: name, directory: directory)
        }
    }

    private func document(_ path: String) -> JSON? {
        guard let content = try? File.read(path) else { return nil }
        return try? JSON(parsing: content)
    }
}
