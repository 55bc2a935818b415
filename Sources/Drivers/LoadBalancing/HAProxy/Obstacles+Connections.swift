import Migration

/// What of a load balancer's own limits would make users wait, whatever the servers of either color take.
extension Obstacles {
    func ofConnections() -> [Obstacle] { [ofProcess].compactMap(\.self) + rules.compactMap(ofQueue) }

    /// Source: HAProxy 2.6 management guide, `show info`.
    private var ofProcess: Obstacle? {
        guard let most = look.info["Maxconn"].flatMap({ Int($0) }),
            let now = look.info["CurrConns"].flatMap({ Int($0) }),
            most > 0, now >= most / 5 * 4, now > 0
        else { return nil }
        return warning(
            "the process has \(now) of \(most) connections: at `maxconn` new users wait, whatever the servers take. Raise "
                + "`maxconn` in `global`, and reload HAProxy.")
    }

    /// HAProxy does not report `minconn`: that requests waited while no server had its `maxconn` shows it.
    ///
    /// Source: HAProxy 2.6 configuration manual, `fullconn` and `minconn`; that the backend's `slim` is `fullconn` was
    /// measured on 2.6.12.
    private func ofQueue(_ rule: TrafficRule) -> Obstacle? {
        guard let backend = look.statistics.backends[rule.backend], backend.peakQueue > 0, let full = backend.fullconn
        else { return nil }
        let servers = look.records.filter { $0.backend == rule.backend }.compactMap { nature(of: $0)?.load }
        let limits = servers.compactMap(\.limit)
        guard !limits.isEmpty, limits.count == servers.count,
            servers.allSatisfy({ $0.peakSessions < $0.limit ?? 0 })
        else { return nil }
        return warning(
            "\(backend.peakQueue) requests have waited in backend \(rule.backend) although no server had its `maxconn`: "
                + "with `minconn` servers take that many only once the backend has `fullconn` sessions, which are \(full). "
                + "Set `fullconn` to what the backend has at its peak.")
    }
}
