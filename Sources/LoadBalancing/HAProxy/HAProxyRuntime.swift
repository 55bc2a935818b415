import Foundation
import Migration
import Transport

/// HAProxy's runtime API over one admin socket.
///
/// Runtime changes are lost at a reload, so after each change the server state file is written, which the reload
/// reads. Source: HAProxy 2.6 management guide, section 9.3.
public struct HAProxyRuntime: LoadBalancer {
    public let name: LoadBalancerID
    private let configuration: LoadBalancerAddress
    private let resolver: Resolver
    private let deadline: Duration

    /// - Parameter deadline: for each conversation with HAProxy.
    public init(_ configuration: LoadBalancerAddress, resolver: @escaping Resolver, deadline: Duration = .seconds(3)) {
        name = configuration.name
        self.configuration = configuration
        self.resolver = resolver
        self.deadline = deadline
    }

    // MARK: - Looking

    public func observe() async throws(Failure) -> LoadBalancerState {
        let connection = try connection()
        let version = try await connection.ask("show version")
        let servers = try ServersState(try await connection.ask("show servers state"), from: name)
        let statistics = try Statistics(try await connection.ask("show stat"), from: name)
        var backends: [String: BackendState] = [:]
        for row in servers.rows {
            let known = statistics.backends[row.backend]
            backends[
                row.backend, default: BackendState(servers: [], algorithm: known?.algorithm, cookie: known?.cookie)
            ]
            .servers.append(
                ServerState(
                    name: row.server, address: row.address, weight: row.weight, administration: row.administration,
                    operation: row.operation,
                    counters: statistics.servers[Statistics.key(row.backend, row.server)] ?? ServerCounters()))
        }
        return LoadBalancerState(
            version: version.filter { !$0.isWhitespace }, backends: backends, epoch: try await observeEpoch(connection))
    }

    public func observeSessions(backend: String, server: String) async throws(Failure) -> [String] {
        try refuseOddNames([backend, server])
        let answer = try await connection().ask("show sess")
        return answer.split(separator: "\n").compactMap { line in
            guard line.contains(" be=\(backend) "), line.contains(" srv=\(server) ") else { return nil }
            func field(_ key: String) -> Substring {
                line.split(separator: " ").first { $0.hasPrefix(key + "=") }?.dropFirst(key.count + 1) ?? "?"
            }
            return
                "\(name)/\(backend)/\(server): from \(field("src")) by frontend \(field("fe")), open for \(field("age"))"
        }
    }

    public func observeObstacles(_ rules: [TrafficRule]) async throws(Failure) -> [Obstacle] {
        let connection = try connection()
        var obstacles: [Obstacle] = []
        let level = try await connection.ask("show cli level")
        if !level.contains("admin") {
            obstacles.append(
                Obstacle(
                    "\(name): the socket's level is \(level.filter { !$0.isWhitespace }); set `stats socket … level admin`",
                    isBlocking: true))
        }
        let state = try await observe()
        let servers = try ServersState(try await connection.ask("show servers state"), from: name)
        for rule in rules { obstacles += self.obstacles(rule, state, servers) }
        if configuration.stateFile == nil {
            obstacles.append(
                Obstacle(
                    "\(name): without `stateFile` a reload forgets the weights until rz puts them back",
                    isBlocking: false))
        }
        return obstacles
    }

    private func obstacles(_ rule: TrafficRule, _ state: LoadBalancerState, _ servers: ServersState) -> [Obstacle] {
        let place = "\(name)/\(rule.backend)"
        guard let backend = state.backends[rule.backend] else {
            return [Obstacle("\(place): there is no such backend", isBlocking: true)]
        }
        var obstacles: [Obstacle] = []
        for color in Color.allCases where !backend.servers.contains(where: { rule.color(of: $0.name) == color }) {
            obstacles.append(
                Obstacle("\(place): no server fits \(color)'s pattern “\(rule.servers[color] ?? "")”", isBlocking: true)
            )
        }
        let dynamic = ["roundrobin", "leastconn", "first", "random", "rnd"]
        if let algorithm = backend.algorithm, !dynamic.contains(where: { algorithm.hasPrefix($0) }) {
            obstacles.append(
                Obstacle(
                    "\(place): `balance \(algorithm)` takes no weights while it runs; use roundrobin or leastconn",
                    isBlocking: true))
        }
        if let cookie = backend.cookie {
            obstacles.append(
                Obstacle(
                    "\(place): users with the cookie \(cookie) stay on their server until it is in maintenance",
                    isBlocking: false))
        }
        let agents = servers.rows.filter { $0.backend == rule.backend && $0.hasAgent }.map(\.server)
        if !agents.isEmpty {
            obstacles.append(
                Obstacle(
                    "\(place): agent checks of \(agents.joined(separator: ", ")) may change weights; rz turns them off",
                    isBlocking: false))
        }
        return obstacles
    }

    // MARK: - Changing

    public func apply(_ changes: [ServerChange], epoch: Int) async throws(Failure) {
        try refuseOddNames(changes.flatMap { [$0.backend, $0.server] })
        let connection = try connection()
        try await claim(epoch, connection)
        try await disableAgents(changes, connection)
        try await connection.perform(changes.map(command))
        try await readBack(changes, connection)
        try await saveState(connection)
    }

    private func command(_ change: ServerChange) -> String {
        let server = "\(change.backend)/\(change.server)"
        return switch change.change {
        case .weight(let weight): "set server \(server) weight \(weight)"
        case .administration(let state): "set server \(server) state \(state.rawValue)"
        case .shutdownSessions: "shutdown sessions server \(server)"
        }
    }

    /// An agent would set its own weight again within a second.
    private func disableAgents(_ changes: [ServerChange], _ connection: RuntimeConnection) async throws(Failure) {
        let state = try ServersState(try await connection.ask("show servers state"), from: name)
        let meant = Set(changes.map { "\($0.backend)/\($0.server)" })
        let agents = state.rows.filter { $0.hasAgent && meant.contains("\($0.backend)/\($0.server)") }
        if !agents.isEmpty { try await connection.perform(agents.map { "disable agent \($0.backend)/\($0.server)" }) }
    }

    /// A weight that is set in maintenance is answered with success and ignored, so only reading tells.
    private func readBack(_ changes: [ServerChange], _ connection: RuntimeConnection) async throws(Failure) {
        let state = try ServersState(try await connection.ask("show servers state"), from: name)
        let rows = Dictionary(
            state.rows.map { ("\($0.backend)/\($0.server)", $0) }, uniquingKeysWith: { first, _ in first })
        var last: [String: Int] = [:]
        for change in changes {
            if case .weight(let weight) = change.change { last["\(change.backend)/\(change.server)"] = weight }
        }
        for (server, weight) in last.sorted(by: { $0.key < $1.key }) where rows[server]?.weight != weight {
            throw Failure(
                "\(name) took weight \(weight) for \(server) and did not set it", at: "\(name)/\(server)",
                details: ["it is \(rows[server].map { "\($0.weight), \($0.administration.rawValue)" } ?? "gone")"],
                advice: "A server in maintenance ignores weights.", kind: .transient)
        }
    }

    // MARK: - What outlives a reload

    /// Writes what a reload reads back in.
    private func saveState(_ connection: RuntimeConnection) async throws(Failure) {
        guard let setting = configuration.stateFile else { return }
        let state = try await connection.ask("show servers state")
        try save(state, to: try resolver(setting))
    }

    private func save(_ text: String, to path: String) throws(Failure) {
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw Failure(
                "The state of \(name) can't be saved, so a reload would forget its weights", at: path,
                details: [error.localizedDescription], advice: "Give this user the right to write the file.")
        }
    }

    // MARK: - Fencing

    /// Invariant I6: whoever carries a lower epoch than the load balancer holds never writes.
    private func claim(_ epoch: Int, _ connection: RuntimeConnection) async throws(Failure) {
        guard let map = try configuration.epochMap.map(resolver) else { return }
        let held = try await observeEpoch(connection)
        if let held, held > epoch {
            throw Failure(
                "Another run owns \(name): its epoch is \(held), this run's is \(epoch)", at: "\(name), \(map)",
                advice: "See who took over: rz status.", kind: .refused)
        }
        guard held != epoch else { return }
        try await connection.perform(["\(held == nil ? "add" : "set") map \(map) epoch \(epoch)"])
        try save("epoch \(epoch)\n", to: map)
    }

    private func observeEpoch(_ connection: RuntimeConnection) async throws(Failure) -> Int? {
        guard let map = try configuration.epochMap.map(resolver) else { return nil }
        let answer = try await connection.ask("show map \(map)")
        // One entry a line: its address in memory, its key, its value.
        for line in answer.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count == 3, fields[1] == "epoch" { return Int(fields[2]) }
        }
        return nil
    }

    // MARK: - The socket

    private func connection() throws(Failure) -> RuntimeConnection {
        let text = try resolver(configuration.socket)
        guard let address = SocketAddress(text) else {
            throw Failure(
                "“\(text)” is no address of a socket", at: name.text, advice: "Write unix:/path or tcp:host:port.")
        }
        return RuntimeConnection(name: name, address: address, deadline: deadline)
    }

    /// A name with one of these would end the command and begin another.
    private func refuseOddNames(_ names: [String]) throws(Failure) {
        for odd in names where odd.isEmpty || odd.contains(where: { $0.isWhitespace || ";\\/\"'".contains($0) }) {
            throw Failure("“\(odd)” can't be a name of a backend or server on \(name)", at: name.text)
        }
    }
}
