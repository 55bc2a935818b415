import Migration

/// Looks for everything that would spoil the run, before anything is built. Changes nothing.
struct Checks: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        var found: [String] = []
        var count = 0
        for loadBalancer in context.drivers.loadBalancers {
            let obstacles = try await loadBalancer.observeObstacles(context.environment.traffic)
            found += obstacles.filter(\.isBlocking).map(\.text)
            count += 1
        }
        let version = try await context.drivers.provisioner.observeVersion()
        if let configurator = context.drivers.configurator { _ = try await configurator.observeVersion() }
        let old = try await context.cluster(of: context.direction.old)
        let platform = try await old.observePlatform()
        let agents = try await context.agents(of: context.direction.old)?.observe()
        for state in [platform, agents].compactMap({ $0 }) where !state.isReady {
            found += state.missing.map { "\(state.description): \($0)" }
        }
        guard found.isEmpty else {
            throw Failure(
                "\(found.count) things would spoil the run", details: found,
                advice: "Mend them, then: rz resume.")
        }
        return "\(count) load balancers, \(version), \(platform.description)"
    }
}
