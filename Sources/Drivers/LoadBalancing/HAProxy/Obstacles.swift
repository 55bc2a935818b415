import Migration
import SafeFiles

/// What would spoil a cutover on one load balancer.
///
/// A server that is down is none: a backend may list hosts that do not run its service.
struct Obstacles {
    let name: LoadBalancerID
    let address: LoadBalancerAddress.HAProxy
    let rules: [TrafficRule]
    let look: HAProxyRuntime.Look
    /// Where the lines of servers stand that runs put there.
    let configuration: PersistentFile?

    func ofSocket(level answer: String) -> [Obstacle] {
        let level = answer.firstLine
        guard level != "admin" else { return [] }
        return [
            blocking(
                "the socket has level \(level.isEmpty ? "unknown" : level), changes need admin. Write `level admin` behind "
                    + "this `stats socket`, and reload HAProxy.")
        ]
    }

    func ofBackends() -> [Obstacle] {
        let servers = Dictionary(grouping: look.records, by: \.backend)
        let ofRules = rules.flatMap { rule -> [Obstacle] in
            guard let backend = look.statistics.backends[rule.backend] else { return [missing(rule.backend)] }
            let servers = servers[rule.backend] ?? []
            return Color.allCases.filter { rule.servers[$0] != nil }.flatMap { color in
                ofColor(color, servers.filter { rule.color(of: $0.name) == color }, rule)
            }
                + ofServers(servers.filter { rule.color(of: $0.name) != nil }, rule)
                + ofRegistration(rule, like: [rule.backend])
                + ofAlgorithm(backend, rule.backend) + ofPersistence(backend, rule)
        }
        return ofRules + ofStrangeTables()
    }

    /// What is wrong with a backend whose servers are all of one color.
    ///
    /// - Parameters:
    ///   - registration: how runs put servers there.
    ///   - others: the backend of the other color.
    func ofBackend(
        _ backend: String, of color: Color, _ registration: ServerRegistration?, others: String?
    ) -> [Obstacle] {
        guard look.statistics.backends[backend] != nil else { return [missing(backend)] }
        let servers = look.records.filter { $0.backend == backend }
        let rule = TrafficRule(
            backend: backend, servers: [color: "*"], registration: registration.map { [color: $0] })
        return ofColor(color, servers, rule) + ofServers(servers, rule)
            + ofRegistration(rule, like: [backend, others].compactMap(\.self))
    }

    private func missing(_ backend: String) -> Obstacle { blocking("there is no backend \(backend)") }

    // MARK: - Servers

    private func ofColor(_ color: Color, _ servers: [ServerRecord], _ rule: TrafficRule) -> [Obstacle] {
        if servers.isEmpty, rule.registration?[color] != nil { return [] }
        guard !servers.isEmpty else {
            let pattern = rule.servers[color] ?? "no pattern"
            return [blocking("backend \(rule.backend) has no server of \(color) (\(pattern))")]
        }
        let standing = servers.filter(\.hasAddress)
        guard !standing.isEmpty else {
            return [
                warning(
                    "backend \(rule.backend) has only free slots for servers of \(color) (\(servers[0].name)\(more(servers))): "
                        + "they must get addresses before the cutover")
            ]
        }
        let backups = standing.filter { nature(of: $0)?.isBackup == true }
        guard !backups.isEmpty else { return [] }
        let text = "which serve only while no other server can, whatever their weights"
        return backups.count == standing.count
            ? [
                blocking(
                    "all servers of \(color) in backend \(rule.backend) are `backup` servers, \(text). Take `backup` away, "
                        + "and reload HAProxy.")
            ]
            : [
                warning(
                    "backend \(rule.backend) has `backup` servers of \(color) (\(backups[0].name)\(more(backups))), \(text): "
                        + "the run leaves them alone")
            ]
    }

    private func ofServers(_ servers: [ServerRecord], _ rule: TrafficRule) -> [Obstacle] {
        var found: [Obstacle] = []
        let agents = servers.filter(\.hasActiveAgent)
        if let first = agents.first {
            found.append(
                warning(
                    "backend \(rule.backend) has agent checks, which set weights themselves (\(first.name)\(more(agents))). "
                        + "rz turns them off for the servers it changes; turn them on again afterwards."))
        }
        let sudden = servers.filter { $0.hasAddress && nature(of: $0)?.fallsAtOnce == true }
        if let first = sudden.first {
            found.append(
                warning(
                    "backend \(rule.backend) has servers with `fall 1` (\(first.name)\(more(sudden))): HAProxy does not show "
                        + "whether one that left maintenance was checked since. rz takes it for unchecked for "
                        + "\(HealthCheck.unseen) s; use `fall 2` or more."))
        }
        return found
    }

    func nature(of record: ServerRecord) -> Statistics.Nature? {
        look.statistics.natures[.init(backend: record.backend, name: record.name)]
    }

    private func more(_ servers: [ServerRecord]) -> String {
        servers.count > 1 ? " and \(servers.count - 1) more" : ""
    }

    // MARK: - Algorithms

    private func ofAlgorithm(_ backend: Statistics.Backend, _ name: String) -> [Obstacle] {
        switch backend.algorithm {
        case "static-rr":
            [
                blocking(
                    "backend \(name) uses `balance static-rr`, which takes no weights. Use a dynamic algorithm, for "
                        + "example `balance roundrobin`.")
            ]
        case "first":
            [
                blocking(
                    "backend \(name) uses `balance first`, which does not share traffic by weight. Use for example "
                        + "`balance roundrobin`.")
            ]
        case let hash? where ["source", "uri", "url_param", "hdr", "rdp-cookie", "hash"].contains(hash):
            // Only HAProxy's configuration shows which hash it is.
            [
                warning(
                    "backend \(name) uses `balance \(hash)`, which takes weights only with `hash-type consistent`: "
                        + "preflight asks HAProxy before anything is built")
            ]
        case "leastconn":
            [
                warning(
                    "backend \(name) uses `balance leastconn`, which shares by load: with few requests at a time the new "
                        + "color gets far more than its share. `balance roundrobin` keeps to it.")
            ]
        // `random` calls itself `unknown` on 2.6.
        case nil, "roundrobin", "random", "unknown": []
        case let other?:
            [warning("backend \(name) uses `balance \(other)`, which rz does not know: preflight asks HAProxy")]
        }
    }

    // MARK: - Persistence

    private func ofPersistence(_ backend: Statistics.Backend, _ rule: TrafficRule) -> [Obstacle] {
        var means: [String] = []
        if let cookie = backend.cookie { means.append("the cookie \(cookie)") }
        if look.tables.contains(rule.backend) { means.append("a stick table") }
        guard !means.isEmpty else { return [] }
        let way =
            switch rule.persistence ?? .wait {
            case .leave: "the drain takes the old color into maintenance, and they move between two requests"
            case .cut: "the drain takes the old color into maintenance and ends their sessions"
            case .wait:
                "the drain waits until they have left, which may be never. `persistence: leave` moves them between two "
                    + "requests, `cut` ends their sessions"
            }
        return [
            warning(
                "backend \(rule.backend) keeps users at their server by \(means.joined(separator: " and ")), also at weight "
                    + "0 and in drain: \(way) (`persistence: \((rule.persistence ?? .wait).rawValue)`).")
        ]
    }

    /// `stick on … table X` names another backend's table; HAProxy reports only where the table is.
    private func ofStrangeTables() -> [Obstacle] {
        look.tables.subtracting(rules.map(\.backend)).sorted().map {
            warning(
                "the stick table \($0) keeps users at their servers; HAProxy does not report in which backends. If one is "
                    + "under `traffic`, they stay with the old color until it goes into maintenance.")
        }
    }

    // MARK: - What survives a reload, and what does not

    func ofEpochMap(_ map: (map: EpochMap, exists: Bool)?) -> [Obstacle] {
        guard let map else {
            return [
                warning("no epochMap in the environment, so nothing keeps a run that was replaced from writing here")
            ]
        }
        return map.exists ? [] : [blocking("HAProxy does not know the map \(map.map.path). \(map.map.advice)")]
    }

    func ofStateFile(_ path: String?) -> [Obstacle] {
        let consequence =
            "after the end of a run a reload of HAProxy brings back the configured weights, those of the old color"
        guard let path else {
            if let reason = address.withoutStateFile {
                return [warning("no stateFile (\(reason)): \(consequence)")]
            }
            return [
                blocking(
                    "no stateFile in the environment: \(consequence). Give HAProxy `server-state-file` and "
                        + "`load-server-state-from-file global`, and name the file; or say why that does no harm: "
                        + "`stateFile: { none: … }`.")
            ]
        }
        guard let problem = PersistentFile(path).obstacle else { return [] }
        let advice = problem.advice.map { ". \($0)" } ?? ""
        return [blocking("the state file \(path) can't be replaced: \(problem.reason)\(advice)")]
    }

    /// What happens to the sessions from before a reload.
    func ofReloads(isMasterSilent: Bool) -> [Obstacle] {
        guard address.master == nil || isMasterSilent else { return [] }
        let limit = address.hardStopAfter.map { "its hardStopAfter of \($0) has passed" } ?? "a person says so"
        let reason = isMasterSilent ? "its master's socket does not answer" : "no master socket in the environment"
        return [
            Obstacle(
                "\(name): \(reason), so sessions from before a reload can't be seen: after a reload during the run the old "
                    + "color counts as busy until \(limit)", isBlocking: isMasterSilent)
        ]
    }

    func blocking(_ text: String) -> Obstacle { Obstacle("\(name): \(text)", isBlocking: true) }
    func warning(_ text: String) -> Obstacle { Obstacle("\(name): \(text)", isBlocking: false) }
}

extension ServerRecord {
    /// Whether it stands anywhere: a free slot does not.
    fileprivate var hasAddress: Bool {
        !(address.hasPrefix("-") && isHeldInMaintenance || address.hasPrefix("0.0.0.0"))
    }
}
