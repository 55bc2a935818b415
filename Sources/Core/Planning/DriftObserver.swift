import Migration

/// Compares a live color with what describes it. Makes no mutating call.
public struct DriftObserver: Sendable {
    private let environment: Environment
    private let drivers: Drivers
    private let lastRun: LastRun?

    /// - Parameter lastRun: what the last run of this environment left behind; nil where there was none.
    public init(environment: Environment, drivers: Drivers, lastRun: LastRun?) {
        self.environment = environment
        self.drivers = drivers
        self.lastRun = lastRun
    }

    /// The color that carries the traffic, as the load balancers report it. Where both have weight and no run is under
    /// way, the one that the last run left it on: the other one's weights are drift.
    ///
    /// - Throws: `Failure` when they can't be read, or disagree.
    public func observeLiveColor() async throws(Failure) -> Color {
        let states = try await drivers.observeLoadBalancers()
        do throws(Failure) {
            return try liveColor(of: states, environment.traffic)
        } catch {
            guard error.kind == .refused, let lastRun else { throw error }
            return lastRun.live
        }
    }

    /// The servers of a color, for the looks at all areas.
    public func observeServers(of color: Color) async -> Result<Inventory, Failure> {
        do throws(Failure) {
            return .success(try await drivers.provisioner.observeServers(color))
        } catch {
            return .failure(error)
        }
    }

    /// Looks at one area of the live color.
    ///
    /// - Parameter servers: the color's; load balancers are looked at where they can't be read, too.
    /// - Throws: `Failure` when the area can't be read: nothing is known of it then.
    public func look(
        at area: Drift.Area, of color: Color, on servers: Result<Inventory, Failure>, report: Report
    ) async throws(Failure) -> DriftLook {
        switch area {
        case .servers: return DriftLook(try await drivers.provisioner.observeDrift(color))
        case .configuration: return try await configuration(of: color, try servers.get(), report: report)
        case .services: return try await services(of: color, try servers.get())
        case .loadBalancers:
            return DriftLook(
                TrafficDrift(rules: environment.traffic, lastRun: lastRun, minHealthy: environment.limits.minHealthy)
                    .drifts(in: try await drivers.observeLoadBalancers(), live: color))
        case .certificates: return certificates(await drivers.certificates(try servers.get(), true))
        }
    }

    private func configuration(
        of color: Color, _ inventory: Inventory, report: Report
    ) async throws(Failure) -> DriftLook {
        guard let configurator = drivers.configurator else { return DriftLook() }
        return try await configurator.observeDrift(color, inventory, report: report)
    }

    private func services(of color: Color, _ inventory: Inventory) async throws(Failure) -> DriftLook {
        let cluster = try drivers.cluster(color, inventory)
        let found = try await cluster.observeServices()
            .filter { environment.services.ignoring($0.id) == nil }
        let unclaimed =
            try await drivers.agents(color, inventory)?
            .observeUnclaimed(besides: found.map(\.id), ignoring: environment.services.unclaimedPatterns) ?? []
        let unknown = unclaimed.map { Drift(.services, "Mesos", $0) }
        guard let lastRun else {
            return DriftLook(
                unknown, notes: ["no run has moved these services yet, so none is known to be one too many"])
        }
        guard lastRun.live == color else {
            return DriftLook(
                unknown, notes: ["\(lastRun.run) left the traffic on \(lastRun.live), so its services are not compared"]
            )
        }
        var look = try await ServiceDrift(
            of: found, on: cluster, since: lastRun, environment
        ) { () throws(Failure) in try drivers.keptServices(color) }.look()
        look.drifts += unknown
        return look
    }

    private func certificates(_ sightings: [CertificateSighting]) -> DriftLook {
        DriftLook(
            sightings.compactMap { sighting in
                sighting.problem.map { Drift(.certificates, sighting.place, $0) }
            })
    }
}
