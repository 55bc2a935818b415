import Migration

/// What would spoil a cutover on one load balancer.
///
/// A server that is down is none: a backend may list hosts that do not run its service.
struct Obstacles {
    let name: LoadBalancerID
    let rules: [TrafficRule]
    let records: [ServerRecord]
    let statistics: Statistics

    func ofSocket(level answer: String) -> [Obstacle] {
        let level = answer.firstLine
        guard level != "admin" else { return [] }
        return [
            Obstacle(
                "\(name): the socket has level \(level.isEmpty ? "unknown" : level), changes need admin. Write "
                    + "`level admin` behind this `stats socket`, and reload HAProxy.", isBlocking: true)
        ]
    }

    func ofBackends() -> [Obstacle] {
        rules.flatMap { rule -> [Obstacle] in
            guard let backend = statistics.backends[rule.backend] else {
                return [Obstacle("\(name): there is no backend \(rule.backend)", isBlocking: true)]
            }
            return ofServers(rule) + ofAlgorithm(backend, rule.backend) + ofPersistence(backend, rule.backend)
        }
    }

    private func ofServers(_ rule: TrafficRule) -> [Obstacle] {
        let servers = records.filter { $0.backend == rule.backend }
        let missing = Color.allCases.filter { color in !servers.contains { rule.color(of: $0.name) == color } }
        let agents = servers.filter { $0.hasActiveAgent && rule.color(of: $0.name) != nil }
        return missing.map { color in
            Obstacle(
                "\(name): backend \(rule.backend) has no server of \(color) (\(rule.servers[color] ?? "no pattern"))",
                isBlocking: true)
        }
            + (agents.isEmpty
                ? []
                : [
                    Obstacle(
                        "\(name): backend \(rule.backend) has agent checks, which set weights themselves "
                            + "(\(agents[0].name)\(agents.count > 1 ? " and \(agents.count - 1) more" : "")). rz turns "
                            + "them off for the servers it changes; turn them on again afterwards.", isBlocking: false)
                ])
    }

    private func ofAlgorithm(_ backend: Statistics.Backend, _ name: String) -> [Obstacle] {
        switch backend.algorithm {
        case "static-rr":
            [
                Obstacle(
                    "\(self.name): backend \(name) uses `balance static-rr`, which takes no weights. Use a dynamic "
                        + "algorithm, for example `balance roundrobin`.", isBlocking: true)
            ]
        case "first":
            [
                Obstacle(
                    "\(self.name): backend \(name) uses `balance first`, which does not share traffic by weight. Use "
                        + "for example `balance roundrobin`.", isBlocking: true)
            ]
        case let hash? where ["source", "uri", "url_param", "hdr", "rdp-cookie"].contains(hash):
            // Only HAProxy's configuration tells which hash it is.
            [
                Obstacle(
                    "\(self.name): backend \(name) uses `balance \(hash)`, which takes weights only with "
                        + "`hash-type consistent`",
                    isBlocking: false)
            ]
        default: []
        }
    }

    private func ofPersistence(_ backend: Statistics.Backend, _ name: String) -> [Obstacle] {
        guard let cookie = backend.cookie else { return [] }
        return [
            Obstacle(
                "\(self.name): backend \(name) keeps users at their server by the cookie \(cookie), also at weight 0 and "
                    + "in drain: they stay with the old color until it goes into maintenance.", isBlocking: false)
        ]
    }

    func ofEpochMap(_ map: EpochMap?, answer: String?) -> [Obstacle] {
        guard let map, let answer else {
            return [
                Obstacle(
                    "\(name): no epochMap in the environment, so a run that was replaced is not kept from writing here",
                    isBlocking: false)
            ]
        }
        guard !EpochMap.exists(in: answer) else { return [] }
        return [Obstacle("\(name): HAProxy does not know the map \(map.path). \(map.advice)", isBlocking: true)]
    }

    func ofStateFile(_ path: String?) -> [Obstacle] {
        guard let path else {
            return [
                Obstacle(
                    "\(name): no stateFile in the environment, so a reload of HAProxy forgets the weights until rz sets "
                        + "them again", isBlocking: false)
            ]
        }
        guard !PersistentFile(path).isReplaceable else { return [] }
        return [
            Obstacle("\(name): the state file \(path) can't be replaced: its folder is not writable", isBlocking: true)
        ]
    }
}
