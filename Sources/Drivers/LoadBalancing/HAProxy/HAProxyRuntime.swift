import Migration
import Transport

/// HAProxy's runtime API over one admin socket, UNIX or TCP, and over its master's where there is one.
///
/// Source: HAProxy 2.6 management guide, sections 9.1 and 9.3; what it does beyond that was measured on 2.6.12, and its
/// tests run on 2.8, 3.0 and 3.2, too.
///
/// HAProxy can't compare and set: between the look at the epoch and the changes another run may take over. The epoch
/// is looked at before and after, so such a race is seen, and only a higher epoch is ever written over a lower one.
public struct HAProxyRuntime: LoadBalancer {
    public let name: LoadBalancerID
    let address: LoadBalancerAddress.HAProxy
    let rules: [TrafficRule]
    let owner: EpochOwner
    let resolver: Resolver
    private let deadline: Duration
    private let stickTables = StickTables()
    private let givenCounters = GivenCounters()
    let lastLook: LastLook

    /// - Parameters:
    ///   - rules: those of the environment: by them it knows which backends are switches.
    ///   - owner: whose epochs are written to the load balancer.
    ///   - resolver: called at each use, so that a socket may move while a run waits.
    ///   - deadline: for one exchange with HAProxy, connecting included.
    ///   - freshness: how old counters may be that are reported after a change.
    public init(
        _ name: LoadBalancerID, _ address: LoadBalancerAddress.HAProxy, rules: [TrafficRule] = [], owner: EpochOwner,
        resolver: @escaping Resolver,
        deadline: Duration = .seconds(3), freshness: Duration = .seconds(2)
    ) {
        self.name = name
        self.address = address
        self.rules = rules.on(name)
        self.owner = owner
        self.resolver = resolver
        self.deadline = deadline
        lastLook = LastLook(freshness: freshness)
    }

    // MARK: - Looking

    public func observe() async throws(Failure) -> LoadBalancerState {
        let began = ContinuousClock.now
        var look = try await lookAround(try socket())
        let process = process(look.info)
        look.statistics = givenCounters.removed(from: look.statistics, of: process)
        // Without its master's answer the old processes are unknown, which is no reason not to see the new one.
        let old = try? await oldWorkers()?.observe()
        let state = LoadBalancerState(
            version: look.info["Version"] ?? "unknown", backends: look.backends(old.map { Array($0.values) } ?? []),
            epoch: look.held?.number, process: process, oldWorkers: old?.keys.sorted())
        lastLook.keep(look.records, state, since: began)
        return state
    }

    func process(_ info: [String: String]) -> LoadBalancerProcess? {
        guard let pid = info["Pid"].flatMap({ Int($0) }), let uptime = info["Uptime_sec"].flatMap({ Int64($0) }),
            (0...Int64(Int32.max)).contains(uptime)
        else { return nil }
        return LoadBalancerProcess(
            pid: pid, uptime: Period(milliseconds: uptime * 1000), hardStopAfter: address.hardStopAfter)
    }

    public func observeObstacles(_ rules: [TrafficRule]) async throws(Failure) -> [Obstacle] {
        let socket = try socket()
        let look = try await lookAround(socket)
        let level = try await socket.ask(["show cli level"])[0]
        let obstacles = Obstacles(
            name: name, address: address, rules: rules.on(name).filter { $0.switching == nil }, look: look,
            configuration: try address.configuration.map { setting throws(Failure) in
                PersistentFile(try resolver(setting))
            })
        var isMasterSilent = false
        if let workers = try oldWorkers() {
            do throws(Failure) { _ = try await workers.observe() } catch { isMasterSilent = true }
        }
        return obstacles.ofSocket(level: level) + obstacles.ofBackends() + obstacles.ofConnections()
            + look.switches.flatMap { obstacles.ofSwitch($0.item, answer: $0.answer) } + obstacles.ofEpochMap(look.map)
            + obstacles.ofStateFile(try address.stateFile.map { setting throws(Failure) in try resolver(setting) })
            + obstacles.ofReloads(isMasterSilent: isMasterSilent)
    }

    public func observeClaim(epoch: Int) async throws(Failure) -> [Obstacle] {
        guard let map = try epochMap() else { return [] }
        let socket = try socket()
        guard let held = map.held(in: try await socket.ask(map.questions)) else { return [] }
        return try owner.obstacles(to: epoch, by: [held], on: name, "entry \(map.key) in \(map.path)") { held in
            replaced(epoch, by: held, map, socket)
        }
    }

    public func proveWeights(_ rules: [TrafficRule]) async throws(Failure) -> [Obstacle] {
        let backends = rules.on(name).filter { $0.switching == nil }.map(\.backend).filter(ServerChange.isName)
        let replies = try await socket().refusals(of: backends.map(RuntimeCommand.addNothing))
        guard replies.count == backends.count else {
            throw Failure(
                "\(name) ended the connection in the middle of a question", at: try socket().address.description,
                details: ["\(replies.count) of \(backends.count) backends were asked"], kind: .transient)
        }
        return zip(backends, replies).compactMap { backend, reply in
            if reply.contains("dynamic load balancing") {
                return Obstacle(
                    "\(name): backend \(backend) uses a static algorithm, which takes no weights: HAProxy says \"\(reply)\". "
                        + "Use a dynamic one (`balance roundrobin`, or `hash-type consistent`), and reload HAProxy.",
                    isBlocking: true)
            }
            guard !reply.contains("expects <name> and <addr>") else { return nil }
            return Obstacle(
                "\(name): whether backend \(backend) takes weights is not known: HAProxy says \"\(reply)\"",
                isBlocking: false)
        }
    }

    /// What one HAProxy says of itself in one answer.
    struct Look {
        var info: [String: String]
        var records: [ServerRecord]
        var statistics: Statistics
        /// Names of stick tables that keep users at their servers.
        var tables: Set<String>
        var map: (map: EpochMap, exists: Bool)?
        var held: EpochEntry?
        /// What was answered to each switch's question.
        var switches: [(item: MapSwitch, answer: String)]
    }

    private func lookAround(_ socket: RuntimeSocket) async throws(Failure) -> Look {
        let map = try epochMap()
        let switches = try switches()
        let commands =
            [HAProxyRuntime.infoQuestion, "show servers state", StickTables.question] + (map?.questions ?? [])
            + switches.map(\.question) + [Statistics.question]
        let answers = try await socket.ask(commands)
        let info = HAProxyRuntime.info(in: answers[0])
        let tables = try await stickTables.keepingUsers(
            among: StickTables.names(in: answers[2]), of: info["Pid"].flatMap { Int($0) }, socket)
        let entries = answers[3..<(answers.count - 1)]
        let epochs = Array(entries.dropLast(switches.count))
        return Look(
            info: info, records: try records(in: answers[1], socket),
            statistics: try statistics(in: answers[answers.count - 1], socket), tables: tables,
            map: map.map { ($0, epochs.first.map(MapEntry.exists) ?? false) }, held: map?.held(in: epochs),
            switches: zip(switches, entries.suffix(switches.count)).map { ($0, $1) })
    }

    static let infoQuestion = "show info"

    static func info(in answer: String) -> [String: String] {
        let lines = answer.split(separator: "\n").map { $0.split(separator: ":", maxSplits: 1) }
        return Dictionary(
            lines.filter { $0.count == 2 }.map { (String($0[0]), String($0[1].drop { $0 == " " })) },
            uniquingKeysWith: { first, _ in first })
    }

    // MARK: - Settings and answers

    func socket() throws(Failure) -> RuntimeSocket { try socket(address.socket) }

    /// Nil without a master's socket.
    func oldWorkers() throws(Failure) -> OldWorkers? {
        try address.master.map { setting throws(Failure) in OldWorkers(try socket(setting)) }
    }

    private func socket(_ setting: Setting) throws(Failure) -> RuntimeSocket {
        let text = try resolver(setting)
        guard let parsed = SocketAddress(text) else {
            throw Failure(
                "\(name) has a socket that rz can't read: \(text.debugDescription)", at: "loadBalancers/\(name)",
                advice: "Write unix:/path or tcp:host:port.")
        }
        return RuntimeSocket(name: name, address: parsed, deadline: deadline)
    }

    func switches() throws(Failure) -> [MapSwitch] {
        var switches: [MapSwitch] = []
        for rule in rules {
            guard let switching = rule.switching else { continue }
            switches.append(
                try MapSwitch(
                    rule.backend, switching, registration: rule.registration, path: try resolver(switching.map),
                    on: name))
        }
        return switches
    }

    func epochMap() throws(Failure) -> EpochMap? {
        guard let setting = address.epochMap else { return nil }
        let path = try resolver(setting)
        guard let map = EpochMap(path, owner) else {
            throw Failure(
                "\(name) has an epoch map that HAProxy can't be asked for: \(path.debugDescription)",
                at: "loadBalancers/\(name)", advice: "Use a path without spaces, semicolons, backslashes and newlines.",
                kind: .refused)
        }
        return map
    }

    func records(in answer: String, _ socket: RuntimeSocket) throws(Failure) -> [ServerRecord] {
        do throws(MalformedReply) {
            return try ServerRecord.all(in: answer)
        } catch {
            throw strange("server state", error, answer, socket)
        }
    }

    func statistics(in answer: String, _ socket: RuntimeSocket) throws(Failure) -> Statistics {
        do throws(MalformedReply) {
            return try Statistics(answer)
        } catch {
            throw strange("statistics", error, answer, socket)
        }
    }

    func strange(_ what: String, _ reason: MalformedReply, _ answer: String, _ socket: RuntimeSocket) -> Failure {
        Failure(
            "\(name) answered something else than its \(what)", at: socket.address.description,
            details: [reason.description, String(answer.firstLine.prefix(200))],
            advice: "See whether HAProxy's runtime API listens there.")
    }
}

extension HAProxyRuntime.Look {
    /// - Parameter old: statistics of processes from before a reload, whose sessions count, too.
    func backends(_ old: [Statistics]) -> [String: BackendState] {
        var backends: [String: BackendState] = [:]
        for (name, backend) in statistics.backends {
            var own = backend.own
            for statistics in old { own.addOpen(statistics.backends[name]?.own) }
            backends[name] = BackendState(
                servers: [], algorithm: backend.algorithm, cookie: backend.cookie, hasStickTable: tables.contains(name),
                isTCP: backend.isTCP, own: own, scale: .haproxy, load: backend.load,
                counted: .ofHAProxy(isTCP: backend.isTCP), countsQueue: true)
        }
        for record in records {
            backends[record.backend, default: BackendState(servers: [])].servers.append(server(record, old))
        }
        for item in switches { item.item.combine(&backends, chosen: item.item.color(in: item.answer)) }
        return backends
    }

    private func server(_ record: ServerRecord, _ old: [Statistics]) -> ServerState {
        let key = Statistics.Server(backend: record.backend, name: record.name)
        var counters = statistics.counters[key] ?? ServerCounters()
        for statistics in old {
            counters.addOpen(statistics.counters[key])
            if statistics.natures[key]?.takesUsers == true { counters.awaited += statistics.waitingClients }
        }
        let nature = statistics.natures[key]
        return ServerState(
            name: record.name, address: nature?.isLocal == true ? "unix" : record.address, weight: record.weight,
            configuredWeight: record.configuredWeight, administration: record.administration,
            operation: record.operation, check: nature?.check ?? .pending, isBackup: nature?.isBackup ?? false,
            isHeldInMaintenance: record.isHeldInMaintenance, hasAgent: record.hasActiveAgent, counters: counters,
            load: nature?.load)
    }
}

extension ServerCounters {
    /// Adds what an old process still has open. What it counted before the reload is not added: the new one counts from 0.
    fileprivate mutating func addOpen(_ old: ServerCounters?) {
        guard let old else { return }
        sessions += old.sessions
        queued += old.queued
        rate += old.rate
    }
}

extension String {
    var firstLine: String { String(prefix { $0 != "\n" }) }
}
