import Clusters
import Migration
import Planning
import Runbooks

extension EnvironmentChecks {
    // MARK: - Load balancers

    /// What each load balancer says of itself; no state for those that do not answer.
    func observeLoadBalancers() async -> (states: [LoadBalancerID: LoadBalancerState], results: [CheckResult]) {
        let states = drivers.loadBalancers.map { _ in Box<LoadBalancerState>() }
        let checks = zip(drivers.loadBalancers, states).map { balancer, state in
            let subject = balancer.name.text
            return Check(subject) {
                do throws(Failure) {
                    let found = try await balancer.observe()
                    state.value = found
                    let obstacles = try await balancer.observeObstacles(environment.traffic)
                    let greeting =
                        "\(balancer.product) \(found.version), \(Wording.count(found.backends.count, "backend"))"
                    let remark =
                        balancer.product == HAProxyVersion.product
                        ? HAProxyVersion.remark(found.version, of: subject) : nil
                    return [CheckResult(.ok, subject, greeting), remark].compactMap { $0 }
                        + obstacles.map { EnvironmentChecks.result(subject, $0) }
                } catch {
                    return [CheckResult(subject, error)]
                }
            }
        }
        let results = await checks.results()
        var known: [LoadBalancerID: LoadBalancerState] = [:]
        for (balancer, state) in zip(drivers.loadBalancers, states) { known[balancer.name] = state.value }
        return (known, results)
    }

    /// An obstacle begins with the name of its load balancer, which the line has already.
    private static func result(_ subject: String, _ obstacle: Obstacle) -> CheckResult {
        let prefix = "\(subject): "
        let text = obstacle.text.hasPrefix(prefix) ? String(obstacle.text.dropFirst(prefix.count)) : obstacle.text
        return CheckResult(obstacle.isBlocking ? .problem : .note, subject, text)
    }

    /// Which color is live, what of it stands otherwise than expected, and whether the servers of the load balancers are
    /// those of the colors.
    func traffic(
        _ states: [LoadBalancerID: LoadBalancerState], _ inventories: [Color: Inventory]
    ) async -> (live: Color?, results: [CheckResult]) {
        guard states.count == environment.loadBalancers.count else {
            let silent = environment.loadBalancers.map(\.name).filter { states[$0] == nil }.map(\.text)
            return (nil, [CheckResult(.skipped, "traffic", "because \(silent.joined(separator: ", ")) did not answer")])
        }
        var live: Color?
        var results: [CheckResult] = []
        do throws(Failure) {
            let color = try liveColor(of: states, environment.traffic)
            live = color
            results.append(CheckResult(.ok, "traffic", "\(color) is live"))
            let standing = TrafficDrift(
                rules: environment.traffic, lastRun: await Runs.toRead(environment.name, places)?.lastMove(),
                minHealthy: environment.limits.minHealthy)
            results += standing.remarks(in: states, live: color, of: environment.name).map {
                CheckResult(.note, "traffic", $0)
            }
        } catch {
            results.append(CheckResult("traffic", error))
        }
        let known = inventories.count == Color.allCases.count
        let strange =
            !known
            ? []
            : misplacedServers(states, environment.traffic, inventories: inventories)
                + unlistedBackends(
                    states, environment.traffic, ignored: environment.ignoreBackends ?? [], inventories: inventories)
        return (live, results + strange.map { CheckResult(.problem, "traffic", $0) })
    }

    // MARK: - Servers and what runs on them

    /// The servers of each color; nil and the reason where they are not known.
    func observeServers() async -> [Color: (servers: Inventory?, results: [CheckResult])] {
        await withTaskGroup(of: (Color, Inventory?, [CheckResult]).self) { group in
            for color in Color.allCases {
                group.addTask {
                    let box = Box<Inventory>()
                    let results = await Check("\(color)", within: .seconds(60)) {
                        do throws(Failure) {
                            let servers = try await drivers.provisioner.observeServers(color)
                            box.value = servers
                            return servers.isEmpty
                                ? [CheckResult(.note, "\(color)", "has no servers")]
                                : [CheckResult(.ok, "\(color)", Wording.count(servers.hosts.count, "server"))]
                        } catch {
                            return [CheckResult("\(color)", error)]
                        }
                    }.results()
                    return (color, box.value, results)
                }
            }
            var all: [Color: (Inventory?, [CheckResult])] = [:]
            for await (color, servers, results) in group { all[color] = (servers, results) }
            return all
        }
    }

    /// What runs on the servers of a color.
    ///
    /// - Parameter live: the color that carries the traffic, where it is known: a run will bring the other one up, so
    ///   that its silence is no problem.
    func checks(of color: Color, _ servers: Inventory?, live: Color?) -> [Check] {
        let subject = color.rawValue
        guard let servers, !servers.isEmpty else {
            let reason = servers == nil ? "its servers are not known" : "it has no servers"
            let skipped = environment.services.sources.map {
                CheckResult(.skipped, subject, "\($0.name), because \(reason)")
            }
            guard live == color, servers != nil else { return skipped.map { result in Check(subject) { [result] } } }
            let missing = CheckResult(
                .problem, subject, "carries the traffic, and its provisioner reports no servers of it",
                advice: "A move begins at servers that rz knows: those that it built, or those that are listed under "
                    + "`provision.static.servers.\(color)`.")
            return ([missing] + skipped).map { result in Check(subject) { [result] } }
        }
        let isIdle = live.map { $0 != color } ?? false
        var checks = environment.services.sources.map { source in
            platformCheck(color, source.name, isIdle) { () throws(Failure) in
                // One by one, so that one that does not answer hides no other.
                var alone = environment
                alone.services.sources = [source]
                return try await cluster(alone, color, servers).observePlatform()
            }
        }
        if environment.platform?.mesosMaster != nil {
            checks.append(
                platformCheck(color, "Mesos", isIdle) { () throws(Failure) in
                    try await drivers.agents(color, servers)?.observe()
                })
        }
        checks.append(Check("\(color)") { await certificates(color, servers) })
        return checks
    }

    private func cluster(_ alone: Environment, _ color: Color, _ servers: Inventory) throws(Failure) -> any Cluster {
        guard environment.services.sources.count > 1 else { return try drivers.cluster(color, servers) }
        let single = try Drivers.registered(
            for: alone, folder: folder.environmentFolder(environment.name),
            state: places.state(of: environment.name), settings: settings, checkout: folder.root, looking: true)
        return try Interposition.around(single).cluster(color, servers)
    }

    private func platformCheck(
        _ color: Color, _ name: String, _ isIdle: Bool,
        _ observe: @escaping @Sendable () async throws(Failure) -> PlatformState?
    ) -> Check {
        let afterwards = "\(color) is idle: a run configures its servers and waits until \(name) answers."
        return Check("\(color)") {
            do throws(Failure) {
                guard let state = try await observe() else { return [] }
                let text = ([state.description] + state.missing).filter { !$0.isEmpty }.joined(separator: "; ")
                if state.isReady { return [CheckResult(.ok, "\(color)", text)] }
                return [
                    CheckResult(
                        isIdle ? .note : .problem, "\(color)", text,
                        advice: isIdle ? afterwards : "See whether \(name) runs whole on \(color).")
                ]
            } catch {
                var result = CheckResult("\(color)", error)
                if isIdle, error.kind == .transient { (result.verdict, result.advice) = (.note, afterwards) }
                return [result]
            }
        }
    }

    /// The certificates of servers that are called over TLS, and how long they are valid.
    private func certificates(_ color: Color, _ servers: Inventory) async -> [CheckResult] {
        await drivers.certificates(servers, true).map { sighting in
            if let warning = sighting.warning(at: SystemClock().now) {
                return CheckResult(sighting.problem == nil ? .note : .problem, "\(color)", warning)
            }
            let end = sighting.ends.map { "until \($0.description.prefix(10))" } ?? "without an end"
            return CheckResult(.ok, "\(color)", "\(sighting.place): certificate of \(sighting.server) \(end)")
        }
    }
}
