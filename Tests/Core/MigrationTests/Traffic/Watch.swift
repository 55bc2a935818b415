import Migration

/// Looks at load balancers, one after the other.
struct Watch {
    let rule: TrafficRule
    var edges: [LoadBalancerID] = ["edge-1"]
    var isTCP = false
    /// What these load balancers count.
    var counted = Set(ErrorClass.allCases)
    var countsQueue = true
    var tally: TrafficTally
    var time = Period.zero

    init(_ rule: TrafficRule, edges: [LoadBalancerID] = ["edge-1"], isTCP: Bool = false) {
        self.rule = rule
        self.edges = edges
        self.isTCP = isTCP
        tally = TrafficTally(rules: [rule])
    }

    /// A first look at counters that stand at nothing, and a second one at these.
    func looks(green: ServerCounters, blue: ServerCounters = ServerCounters()) -> Watch {
        var watch = self
        watch.look([:], [:])
        watch.look(["edge-1": blue], ["edge-1": green])
        return watch
    }

    mutating func look(
        _ blue: [LoadBalancerID: ServerCounters], _ green: [LoadBalancerID: ServerCounters],
        own: ServerCounters = ServerCounters(), seconds: Int64 = 1
    ) {
        time = time + .seconds(seconds)
        for edge in edges {
            tally.add(
                Self.state(
                    green: green[edge, default: ServerCounters()], blue: blue[edge, default: ServerCounters()],
                    own: own, isTCP: isTCP, counted: counted, countsQueue: countsQueue),
                of: edge, at: time)
        }
    }

    func findings(_ limits: Analysis.LoadBalancers..., share: Percent = .all) -> [TrafficJudgement.Finding] {
        let states = Dictionary(
            uniqueKeysWithValues: edges.map {
                ($0, Self.state(green: ServerCounters(), blue: ServerCounters()))
            })
        let found = FoundTraffic(TrafficObservation(time: Instant(milliseconds: 0), states: states), [rule])
        let targets = TrafficTargets(
            found: found, rules: [rule], direction: Direction(from: .blue), minHealthy: 1)
        return TrafficJudgement(tally, targets, share: share, now: time).findings(limits.map { .loadBalancers($0) })
    }

    static func state(
        green: ServerCounters, blue: ServerCounters, own: ServerCounters = ServerCounters(), isTCP: Bool = false,
        counted: Set<ErrorClass> = Set(ErrorClass.allCases), countsQueue: Bool = true
    ) -> LoadBalancerState {
        let servers = [
            ServerState(name: "green-1", address: "10.0.0.2:80", weight: 20, counters: green),
            ServerState(name: "blue-1", address: "10.0.0.1:80", weight: 180, counters: blue),
        ]
        return LoadBalancerState(
            version: "2.6",
            backends: [
                "be": BackendState(
                    servers: servers, isTCP: isTCP, own: own, counted: counted, countsQueue: countsQueue)
            ])
    }
}
