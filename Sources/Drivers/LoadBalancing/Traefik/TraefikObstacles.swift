import Migration

/// What would spoil a cutover on one Traefik.
struct TraefikObstacles {
    let name: LoadBalancerID
    let rules: [TrafficRule]
    let look: TraefikLook
    let store: TraefikStoreWords
    /// What stands in the store; nil where it can't be read or written.
    let held: TraefikHoldings?
    /// What of it Traefik does not serve.
    let difference: String?
    /// What of the store itself is in the way.
    let ofStore: [Obstacle]

    /// Longer than this dead servers get users after each change, and each change waits.
    static let longestInterval = Duration.seconds(10)

    var all: [Obstacle] { ofVersion + ofStore + ofService + rules.flatMap(ofRule) + ofCounters }

    /// Version 2 has no health of weighted services, and another API.
    private var ofVersion: [Obstacle] {
        guard let major = look.version.split(separator: ".").first.flatMap({ Int($0) }), major < 3 else { return [] }
        return [blocking("Traefik \(look.version) is older than 3, which rz needs")]
    }

    private var ofService: [Obstacle] {
        guard let difference, !ofStore.contains(where: \.isBlocking) else { return [] }
        return [blocking("Traefik does not serve what \(store.named) holds: \(difference). \(store.unserved)")]
    }

    private func ofRule(_ rule: TrafficRule) -> [Obstacle] {
        if rule.switching != nil {
            return [blocking("\(rule.backend) is a switch, which only HAProxy has: write `servers` instead")]
        }
        guard rule.backend.hasSuffix(store.suffix) else {
            return [blocking("\(rule.backend) is of another provider: rz moves \(store.services)")]
        }
        guard let weighted = look.report.weighted[rule.backend] else {
            let kind = look.report.pools[rule.backend] == nil ? "no service" : "no weighted service"
            return [
                blocking(
                    "there is \(kind) \(rule.backend). Write one with both colors' services as children into "
                        + "\(store.named), and let the router use it.")
            ]
        }
        var found: [Obstacle] = []
        if let problem = weighted.problem {
            found.append(blocking("Traefik does not serve \(rule.backend): \(problem)"))
        }
        if let held, held.services[rule.backend] == nil {
            found.append(blocking("\(store.named) does not hold \(rule.backend). Move it there from where it is."))
        }
        if !weighted.isUsed { found.append(blocking("no router leads to \(rule.backend), so it has no users to move")) }
        return found + Color.allCases.flatMap { ofColor($0, weighted, rule) } + ofStrangers(weighted, rule)
            + ofSharing(weighted, rule)
    }

    private func ofColor(
        _ color: Color, _ weighted: TraefikReport.Weighted, _ rule: TrafficRule
    ) -> [Obstacle] {
        let children = weighted.children.filter { colors(of: $0, rule).contains(color) }
        guard !children.isEmpty else {
            return [
                blocking(
                    "\(rule.backend) has no child with servers of \(color) (\(rule.servers[color] ?? "no pattern")): add "
                        + "it with weight 0; servers are named CHILD/URL")
            ]
        }
        return children.flatMap { child -> [Obstacle] in
            guard let pool = look.report.pool(child.name, of: rule.backend) else { return [] }
            if let problem = pool.problem { return [blocking("Traefik does not serve \(child.name): \(problem)")] }
            guard let check = pool.check else {
                return [
                    blocking(
                        "\(child.name) has no `healthCheck`: Traefik would send users to servers that are down, and rz "
                            + "could not see which serve. Add one with an interval of a few seconds.")
                ]
            }
            guard check.interval <= TraefikObstacles.longestInterval else {
                return [
                    blocking(
                        "the `healthCheck` of \(child.name) asks every \(check.interval): each change of weights makes "
                            + "Traefik call dead servers up for so long. Use an `interval` of 10s or less, best 1s or 2s."
                    )
                ]
            }
            return []
        }
    }

    /// Children that are of both colors, or of none.
    private func ofStrangers(_ weighted: TraefikReport.Weighted, _ rule: TrafficRule) -> [Obstacle] {
        weighted.children.flatMap { child -> [Obstacle] in
            let service = TraefikReport.qualified(child.name, in: rule.backend)
            guard look.report.pools[service] != nil else {
                return [
                    blocking(
                        "\(child.name), a child of \(rule.backend), is no service with servers of its own, so rz can't see "
                            + "who serves there. Name services with `loadBalancer` as children.")
                ]
            }
            let colors = colors(of: child, rule)
            if colors.count > 1 {
                return [blocking("\(child.name), a child of \(rule.backend), has servers of both colors: it needs two")]
            }
            guard colors.isEmpty, look.report.pools[service]?.urls.isEmpty == false else { return [] }
            return [
                warning(
                    "\(child.name), a child of \(rule.backend), is of neither color: it keeps its weight and its users")
            ]
        }
    }

    private func ofSharing(_ weighted: TraefikReport.Weighted, _ rule: TrafficRule) -> [Obstacle] {
        var found: [Obstacle] = []
        if let cookie = weighted.cookie {
            found.append(
                warning(
                    "\(rule.backend) keeps users at their color by the cookie \(cookie): shares are those of new users, "
                        + "until a color has none and its users go to the other"))
        }
        if !weighted.watchesChildren {
            found.append(
                warning(
                    "\(rule.backend) has no `healthCheck` of its own (\(store.healthCheck)): a color whose servers are all down "
                        + "keeps its share, and its users get 503"))
        }
        let transports = Set(
            weighted.children.compactMap { look.report.pool($0.name, of: rule.backend) }.map { $0.transport ?? "none" })
        if transports.count > 1 {
            found.append(
                warning(
                    "the children of \(rule.backend) have different `serversTransport`s "
                        + "(\(transports.sorted().joined(separator: ", "))): see that both colors are called as they need"
                ))
        }
        return found
    }

    /// What no plan may hide: how quiet is shown.
    private var ofCounters: [Obstacle] {
        guard !rules.isEmpty else { return [] }
        return [
            warning(
                "Traefik does not report sessions by service: the old color counts as quiet when no request of it has "
                    + "ended for `drain.quiet`. A request that lasts longer is not seen: choose `drain.quiet` longer "
                    + "than the longest one, WebSockets and uploads included."),
            warning(
                "each change of weights makes Traefik call servers up that are down, until their next check: take dead "
                    + "servers out of the configuration before the move"),
        ]
    }

    private func colors(of child: TraefikReport.Weighted.Child, _ rule: TrafficRule) -> Set<Color> {
        let urls = look.report.pool(child.name, of: rule.backend)?.urls ?? []
        return Set(urls.compactMap { rule.color(of: "\(child.name)/\($0)") })
    }

    private func blocking(_ text: String) -> Obstacle { Obstacle("\(name): \(text)", isBlocking: true) }
    private func warning(_ text: String) -> Obstacle { Obstacle("\(name): \(text)", isBlocking: false) }
}
