import Migration
import Planning

extension Scenario {
    /// The small model under limits of its cutover. Its steps are faster than these allow, as if they had been hurried, so
    /// that the run itself has to keep them.
    public static func governed() throws(Failure) -> Scenario {
        var scenario = try Scenario.threeServers()
        let limits = Limits(
            minHealthyPart: Percent(65), maxStep: Percent(90), headroom: 1.2, flipWithin: .seconds(8))
        scenario.environment.limits = limits
        scenario.plan.environment.limits = limits
        scenario.world.needed[scenario.plan.direction.new] = 2
        for index in scenario.world.loadBalancers.indices {
            for server in scenario.world.loadBalancers[index].servers.indices {
                scenario.world.loadBalancers[index].servers[server].limit = SimulatedServer.enough
            }
            for backend in scenario.world.loadBalancers[index].backends.indices {
                scenario.world.loadBalancers[index].backends[backend].peak = SimulatedServer.peak
            }
        }
        return scenario
    }

    /// Whether its run has to keep limits.
    var isGoverned: Bool { plan.limits.maxStep != nil }
}

extension SimulatedServer {
    /// The peak of a backend, and what each of three servers takes: enough for it, or too few.
    static let peak = 100
    static let enough = 60
    static let tooFew = 30
}
