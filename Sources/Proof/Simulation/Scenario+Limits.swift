import Migration
import Planning

extension Scenario {
    /// The small model under limits of its cutover. Its steps are faster than these allow, as if they had been hurried, so
    /// that the run itself has to keep them.
    public static func governed() throws(Failure) -> Scenario {
        var scenario = try Scenario.threeServers()
        let limits = Limits(
            minHealthyPart: Percent(65), maxStep: Percent(90), headroom: 1.2, peaks: [Scenario.peak],
            flipWithin: .seconds(8))
        scenario.environment.limits = limits
        scenario.plan.environment.limits = limits
        scenario.world.needed[scenario.plan.direction.new] = 2
        for index in scenario.world.loadBalancers.indices {
            for server in scenario.world.loadBalancers[index].servers.indices {
                scenario.world.loadBalancers[index].servers[server].limit = SimulatedServer.enough
            }
            for backend in scenario.world.loadBalancers[index].backends.indices {
                scenario.world.loadBalancers[index].backends[backend].peak = SimulatedServer.peak
                scenario.world.loadBalancers[index].backends[backend].countedPeak = SimulatedServer.countedPeak
            }
        }
        return scenario
    }

    /// Load balancers were reloaded after the peak, so that they alone would have fewer servers do.
    private static let peak = PeakQuery(
        PrometheusQuery(
            name: "peak of the last hour", url: "http://127.0.0.1:9090", query: "{{ loadBalancer }}/{{ backend }}",
            series: "up"))

    /// Whether its run has to keep limits.
    var isGoverned: Bool { plan.limits.maxStep != nil }
}

extension WorldState {
    /// The highest peak of the backends that a question names, `edge-1/be_web`, or else of all; nil where no one knows.
    func peak(named text: String) -> Int? {
        let all = loadBalancers.flatMap { balancer in
            balancer.backends.map { (name: "\(balancer.name)/\($0.name)", peak: $0.peak) }
        }
        let named = all.filter { $0.name == text }
        return (named.isEmpty ? all : named).compactMap(\.peak).max()
    }
}

extension SimulatedServer {
    /// The peak of a backend, and what each of three servers takes: enough for it, or too few.
    static let peak = 100
    static let countedPeak = 40
    static let enough = 60
    static let tooFew = 30
}
