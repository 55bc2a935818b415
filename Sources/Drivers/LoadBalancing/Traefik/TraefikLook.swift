import Migration

/// What one Traefik says of itself in one look.
///
/// Its answers are asked for in this order: what it serves, then what it counts. A reload between the two makes checks
/// look older than they are, never newer.
struct TraefikLook: Sendable {
    var version: String
    var report: TraefikReport
    /// By service.
    var counts: [String: TraefikMetrics.Count]
    var gathered: TraefikMemory.Gathered
    var note: TraefikNote

    var state: LoadBalancerState {
        var backends: [String: BackendState] = [:]
        for (name, weighted) in report.weighted {
            backends[name] = BackendState(
                servers: weighted.children.flatMap { servers($0, of: name) }, algorithm: "wrr", scale: .traefik,
                counted: TraefikLook.counted)
        }
        for (name, pool) in report.pools where pool.isUsed {
            let child = TraefikReport.Weighted.Child(name: name, weight: 1)
            backends[name] = BackendState(
                servers: servers(child, of: name), algorithm: "wrr", scale: .traefik, counted: TraefikLook.counted)
        }
        return LoadBalancerState(version: version, backends: backends, epoch: note.epoch?.number, countsEndedOnly: true)
    }

    private func servers(_ child: TraefikReport.Weighted.Child, of parent: String) -> [ServerState] {
        let service = TraefikReport.qualified(child.name, in: parent)
        guard let pool = report.pools[service] else { return [] }
        let rest = resting(child, of: parent)
        return pool.urls.enumerated().map { place, url in
            ServerState(
                name: "\(child.name)/\(url)", address: TraefikLook.address(of: url),
                weight: rest?.weight ?? child.weight,
                group: child.name, administration: rest?.administration ?? .ready,
                operation: pool.status[url] == "DOWN" ? .down : .up, check: check(url, pool, service),
                counters: place == 0 ? counters(service) : ServerCounters())
        }
    }

    /// A child with weight is in service, whatever the note says: someone else gave it that.
    func resting(_ child: TraefikReport.Weighted.Child, of parent: String) -> Resting? {
        child.weight > 0 ? nil : note.resting["\(parent)/\(child.name)"]
    }

    /// Traefik calls every server up whenever it takes over another configuration, until the next check; what the last
    /// check found stands in its metrics.
    private func check(_ url: String, _ pool: TraefikReport.Pool, _ service: String) -> ServerState.Check {
        guard pool.check != nil else { return .none }
        if pool.status[url] == "DOWN" { return .failed }
        switch gathered.lastCheck[service]?[url] {
        case nil: return .pending
        case true?: return pool.status[url] == nil ? .pending : .passed
        case false?: return .failed
        }
    }

    /// Of all servers of a child together, which the first one of them shows: Traefik counts by service.
    private func counters(_ service: String) -> ServerCounters {
        let count = counts[service] ?? TraefikMetrics.Count()
        return ServerCounters(
            rate: gathered.rates[service] ?? 0, requests: count.requests, errors: count.byClass[5] ?? 0,
            clientErrors: count.byClass[4] ?? 0, redirects: count.byClass[3] ?? 0, begun: count.requests,
            bytesOut: count.bytesOut, errorCounts: ErrorCounts(server: count.byClass[5] ?? 0))
    }

    /// Answers by their status, its own 502 for a server that refuses among them; a Traefik 3 counts no retries.
    private static let counted: Set<ErrorClass> = [.serverErrors, .clientErrors]

    /// `http://10.0.0.1:80/path` → `10.0.0.1:80`, with the port that the scheme means where there is none.
    static func address(of url: String) -> String {
        let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[1].isEmpty else { return url }
        let host = parts[2].split(separator: "@").last ?? parts[2]
        let hasPort = host.lastIndex(of: ":").map { colon in !host[colon...].contains("]") } ?? false
        if hasPort { return String(host) }
        return "\(host):\(parts[0] == "https:" ? 443 : 80)"
    }
}

extension WeightScale {
    /// Traefik takes any whole number; shares are set to a thousandth.
    static let traefik = WeightScale(largest: 1000)
}
