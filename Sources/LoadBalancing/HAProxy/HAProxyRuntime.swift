import Migration
import Transport

/// HAProxy's runtime API over one admin socket, UNIX or TCP.
///
/// Source: HAProxy 2.6 management guide, sections 9.1 and 9.3; what it does beyond that was measured on 2.6.12.
///
/// HAProxy can't compare and set: between the look at the epoch and the changes another run may take over. The epoch
/// is looked at before and after, so such a race is seen, and only a higher epoch is ever written over a lower one.
public struct HAProxyRuntime: LoadBalancer {
    public let name: LoadBalancerID
    private let address: LoadBalancerAddress
    private let resolver: Resolver
    private let deadline: Duration

    /// - Parameters:
    ///   - resolver: called at each use, so that a socket may move while a run waits.
    ///   - deadline: for one exchange with HAProxy, connecting included.
    public init(_ address: LoadBalancerAddress, resolver: @escaping Resolver, deadline: Duration = .seconds(3)) {
        name = address.name
        self.address = address
        self.resolver = resolver
        self.deadline = deadline
    }

    // MARK: - Looking

    public func observe() async throws(Failure) -> LoadBalancerState {
        let socket = try socket()
        let map = try epochMap()
        let commands =
            ["show info", "show servers state"] + (map.map { [$0.question] } ?? []) + [HAProxyRuntime.statistics]
        let answers = try await socket.ask(commands)
        let version = answers[0].split(separator: "\n").first { $0.hasPrefix("Version: ") }?.dropFirst(9)
        let records = try records(in: answers[1], socket)
        let statistics = try statistics(in: answers[answers.count - 1], socket)
        return LoadBalancerState(
            version: version.map(String.init) ?? "unknown", backends: backends(records, statistics),
            epoch: map == nil ? nil : EpochMap.epoch(in: answers[2]))
    }

    public func observeSessions(backend: String, server: String) async throws(Failure) -> [String] {
        let socket = try socket()
        let answer = try await socket.ask(["show sess"])[0]
        if answer.hasPrefix("Permission denied") {
            throw Failure(
                "\(name) does not show sessions", at: socket.address.description, details: ["Permission denied"],
                advice: RuntimeReply.advice(for: "Permission denied"))
        }
        return SessionLine.all(in: answer).filter { $0.backend == backend && $0.server == server }.map(\.description)
    }

    public func observeObstacles(_ rules: [TrafficRule]) async throws(Failure) -> [Obstacle] {
        let socket = try socket()
        let map = try epochMap()
        let commands =
            ["show cli level", "show servers state"] + (map.map { [$0.question] } ?? []) + [HAProxyRuntime.statistics]
        let answers = try await socket.ask(commands)
        let obstacles = Obstacles(
            name: name, rules: rules, records: try records(in: answers[1], socket),
            statistics: try statistics(in: answers[answers.count - 1], socket))
        return obstacles.ofSocket(level: answers[0]) + obstacles.ofBackends()
            + obstacles.ofEpochMap(map, answer: map == nil ? nil : answers[2])
            + obstacles.ofStateFile(try address.stateFile.map { setting throws(Failure) in try resolver(setting) })
    }

    // MARK: - Changing

    public func apply(_ changes: [ServerChange], epoch: Int) async throws(Failure) {
        for change in changes { try change.validate(for: name) }
        let socket = try socket()
        let map = try epochMap()
        let stateFile = try address.stateFile.map { setting throws(Failure) in PersistentFile(try resolver(setting)) }
        let before = try await look(socket, map)
        try await claim(epoch, held: before.epochAnswer, map, socket)
        let agents = before.records.filter { record in
            record.hasActiveAgent && changes.contains { $0.backend == record.backend && $0.server == record.name }
        }
        do throws(Failure) {
            try await socket.perform(agents.map(RuntimeCommand.disableAgent) + changes.map(RuntimeCommand.change))
        } catch {
            throw await explained(error, changes, socket)
        }
        let after = try await look(socket, map)
        try refuse(epoch, below: EpochMap.epoch(in: after.epochAnswer ?? ""), map, socket)
        try ReadBack(changes).compare(with: after.records, on: name, socket.address)
        try await keep(after.stateText, in: stateFile)
        if let map { try await keep(epoch, in: map) }
    }

    private struct Look {
        var records: [ServerRecord]
        var stateText: String
        var epochAnswer: String?
    }

    private func look(_ socket: RuntimeSocket, _ map: EpochMap?) async throws(Failure) -> Look {
        let answers = try await socket.ask((map.map { [$0.question] } ?? []) + ["show servers state"])
        let text = answers[answers.count - 1]
        return Look(
            records: try records(in: text, socket), stateText: text, epochAnswer: map == nil ? nil : answers[0])
    }

    /// Makes this run the owner (invariant I6).
    private func claim(_ epoch: Int, held answer: String?, _ map: EpochMap?, _ socket: RuntimeSocket)
        async throws(Failure)
    {
        guard let map, let answer else { return }
        guard EpochMap.exists(in: answer) else {
            throw Failure(
                "\(name) does not know the map \(map.path)", at: socket.address.description,
                details: [answer.firstLine],
                advice: map.advice)
        }
        let held = EpochMap.epoch(in: answer)
        try refuse(epoch, below: held, map, socket)
        guard held != epoch else { return }
        try await socket.perform([.setEpoch(epoch, in: map.path, exists: EpochMap.hasEntry(in: answer))])
    }

    private func refuse(_ epoch: Int, below held: Int?, _ map: EpochMap?, _ socket: RuntimeSocket) throws(Failure) {
        guard let map, let held, held > epoch else { return }
        throw Failure(
            "\(name): another run owns this load balancer", at: socket.address.description,
            details: ["its epoch in \(map.path) is \(held), this run's is \(epoch)"],
            advice: "This run acts no more. See who moves this data centre: rz status, rz history.", kind: .refused)
    }

    /// Adds what only the load balancer knows to a refusal.
    private func explained(_ failure: Failure, _ changes: [ServerChange], _ socket: RuntimeSocket) async -> Failure {
        guard failure.summary.contains("static LB algorithm"), let advice = failure.advice,
            let backend = changes.map(\.backend).first(where: {
                failure.details.first?.contains("backend \($0),") ?? false
            }),
            let answer = try? await socket.ask([HAProxyRuntime.statistics]),
            let algorithm = try? Statistics(answer[0]).backends[backend]?.algorithm
        else { return failure }
        var explained = failure
        explained.advice = "\(backend) uses `balance \(algorithm)`. \(advice)"
        return explained
    }

    // MARK: - What survives a reload

    private func keep(_ state: String, in file: PersistentFile?) async throws(Failure) {
        guard let file else { return }
        do throws(PersistentFile.Problem) {
            try await file.replace { _ in state }
        } catch {
            throw unkept("server state", error)
        }
    }

    /// HAProxy can't start without its map file: where there is none, HAProxy is on another host.
    private func keep(_ epoch: Int, in map: EpochMap) async throws(Failure) {
        do throws(PersistentFile.Problem) {
            try await PersistentFile(map.path).replace { $0.map { EpochMap.contents($0, with: epoch) } }
        } catch {
            throw unkept("epoch", error)
        }
    }

    private func unkept(_ what: String, _ problem: PersistentFile.Problem) -> Failure {
        Failure(
            "\(name) made the changes, but its \(what) can't be kept, so that a reload would forget them",
            at: name.text,
            details: [problem.text], advice: "Make the file writable for rz, then repeat the step.")
    }

    // MARK: - Settings and answers

    /// Of backends and servers only: 2 + 4.
    private static let statistics = "show stat -1 6 -1"

    private func socket() throws(Failure) -> RuntimeSocket {
        let text = try resolver(address.socket)
        guard let parsed = SocketAddress(text) else {
            throw Failure(
                "\(name) has a socket that rz can't read: \(text.debugDescription)", at: "loadBalancers/\(name)",
                advice: "Write unix:/path or tcp:host:port.")
        }
        return RuntimeSocket(name: name, address: parsed, deadline: deadline)
    }

    private func epochMap() throws(Failure) -> EpochMap? {
        guard let setting = address.epochMap else { return nil }
        let path = try resolver(setting)
        guard let map = EpochMap(path) else {
            throw Failure(
                "\(name) has an epoch map that HAProxy can't be asked for: \(path.debugDescription)",
                at: "loadBalancers/\(name)", advice: "Use a path without spaces, semicolons, backslashes and newlines.",
                kind: .refused)
        }
        return map
    }

    private func records(in answer: String, _ socket: RuntimeSocket) throws(Failure) -> [ServerRecord] {
        do throws(MalformedReply) {
            return try ServerRecord.all(in: answer)
        } catch {
            throw strange("server state", error, answer, socket)
        }
    }

    private func statistics(in answer: String, _ socket: RuntimeSocket) throws(Failure) -> Statistics {
        do throws(MalformedReply) {
            return try Statistics(answer)
        } catch {
            throw strange("statistics", error, answer, socket)
        }
    }

    private func strange(_ what: String, _ reason: MalformedReply, _ answer: String, _ socket: RuntimeSocket) -> Failure
    {
        Failure(
            "\(name) answered something else than its \(what)", at: socket.address.description,
            details: [reason.description, String(answer.firstLine.prefix(200))],
            advice: "See whether HAProxy's runtime API listens there.")
    }

    private func backends(_ records: [ServerRecord], _ statistics: Statistics) -> [String: BackendState] {
        var backends = statistics.backends.mapValues {
            BackendState(servers: [], algorithm: $0.algorithm, cookie: $0.cookie)
        }
        for record in records {
            backends[record.backend, default: BackendState(servers: [])].servers.append(
                ServerState(
                    name: record.name, address: record.address, weight: record.weight,
                    administration: record.administration, operation: record.operation,
                    counters: statistics.counters[.init(backend: record.backend, name: record.name)]
                        ?? ServerCounters()))
        }
        return backends
    }
}

extension String {
    var firstLine: String { String(prefix { $0 != "\n" }) }
}
