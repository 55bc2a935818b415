/// What the servers of each color did while the run looked, summed look by look.
///
/// Load balancers count from their start on. A counter that went backwards belongs to a process that has started since,
/// so a reload or a restart blinds no one: what it counts from there on is added to what was seen before.
public struct TrafficTally: Sendable {
    /// Whose counters: a color's servers, or the load balancer's own answers for a backend (`color` nil).
    struct Key: Hashable, Sendable {
        var loadBalancer: LoadBalancerID
        var backend: String
        var color: Color?
    }

    /// What was counted in some time.
    struct Sums: Sendable, Hashable {
        var requests = 0
        var errors = 0
        var errorCounts = ErrorCounts()
        var clientErrors = 0
        var redirects = 0
        var begun = 0
        var bytesOut = 0

        var errorRate: Double { requests == 0 ? 0 : min(1, Double(errors) / Double(requests)) }
        func rate(_ count: Int) -> Double { requests == 0 ? 0 : min(1, Double(count) / Double(requests)) }

        /// At most all of them: one request may need several retries.
        func count(of errorClass: ErrorClass) -> Int { min(errorCounts[errorClass] ?? clientErrors, requests) }
    }

    /// What the old color did so far, by backend; what was known before counts where it rests on more.
    public func usual(_ color: Color, besides known: [String: UsualTraffic] = [:]) -> [String: UsualTraffic] {
        var usual = known
        for rule in rules {
            let sums = sums(color, rule.backend, on: loadBalancers, .run)
            let known = usual[rule.backend]
            if sums.requests > known?.requests ?? 0 || sums.begun > known?.begun ?? 0 {
                usual[rule.backend] = UsualTraffic(sums)
            }
        }
        return usual
    }

    enum Window: Sendable, CaseIterable {
        /// The last few seconds: what goes wrong late is not diluted by what went well for long.
        case recent
        /// Since the new color has its share.
        case step
        /// Since the run owns the traffic: a few requests in each step add up.
        case run
    }

    private struct Series: Sendable {
        var last: [String: ServerCounters] = [:]
        var total = Sums()
        /// Nil until the step's first look.
        var atStep: Sums? = Sums()
        /// Totals at earlier looks, oldest first.
        var earlier: [(time: Period, total: Sums)] = []
        var sessions = 0
        /// The last look with a request that had ended, or without any session.
        var progress: Period?
        /// How many requests waited at looks of this step, oldest first.
        var queue: [(time: Period, count: Int)] = []
    }

    private let rules: [TrafficRule]
    private var series: [Key: Series] = [:]
    private(set) var states: [LoadBalancerID: LoadBalancerState] = [:]
    private(set) var seenAt: [LoadBalancerID: Period] = [:]
    /// Since when a backend of a load balancer, as `edge-1/be`, has had no one of the new color to serve it.
    private(set) var uncarriedSince: [String: Period] = [:]

    /// How far back the recent window reaches.
    static let recent = Period.seconds(5)

    /// How long more requests have to wait than may, before it is no mere burst.
    public static let queueTime = Period.seconds(3)

    public init(rules: [TrafficRule]) { self.rules = rules }

    public var loadBalancers: [LoadBalancerID] { states.keys.sorted() }

    /// Takes one look at one load balancer.
    ///
    /// - Parameter isShared: whether the new color has a part of the traffic. What the load balancer answers in place of
    ///   the old color alone is no fault of the new one.
    public mutating func add(
        _ state: LoadBalancerState, of name: LoadBalancerID, at time: Period, isShared: Bool = true
    ) {
        let isFirst = states[name] == nil
        states[name] = state
        seenAt[name] = time
        for rule in rules.on(name) {
            guard let backend = state.backends[rule.backend] else { continue }
            for color in Color.allCases {
                let servers = backend.servers.filter { rule.color(of: $0.name) == color }
                add(
                    servers.map { ($0.name, $0.counters) },
                    to: Key(loadBalancer: name, backend: rule.backend, color: color), isFirst: isFirst, time)
            }
            add(
                [("", backend.own)], to: Key(loadBalancer: name, backend: rule.backend, color: nil),
                isFirst: isFirst || !isShared, time)
        }
    }

    /// Notes whether the new color can serve a backend in the latest look.
    public mutating func note(isCarried: Bool, _ place: String, at time: Period) {
        uncarriedSince[place] = isCarried ? nil : uncarriedSince[place] ?? time
    }

    /// When a load balancer was looked at last in this step.
    public func seen(_ name: LoadBalancerID) -> Period? { seenAt[name] }

    /// From the next look on the step's window counts: what came before that look belongs to the share before.
    public mutating func beginStep() {
        seenAt = [:]
        for key in series.keys {
            series[key]?.atStep = nil
            series[key]?.queue = []
        }
        uncarriedSince = [:]
    }

    // MARK: - Asking

    func sums(_ color: Color?, _ backend: String, on names: [LoadBalancerID], _ window: Window) -> Sums {
        var sums = Sums()
        for name in names {
            guard let series = series[Key(loadBalancer: name, backend: backend, color: color)] else { continue }
            switch window {
            case .run: sums += series.total
            case .step: sums += series.total - (series.atStep ?? series.total)
            case .recent: sums += series.total - (series.earlier.first?.total ?? series.total)
            }
        }
        return sums
    }

    /// For how long a color has had sessions of which none ended on any of these load balancers.
    func stall(_ color: Color, _ backend: String, on names: [LoadBalancerID]) -> Period {
        names.compactMap { name -> Period? in
            guard let series = series[Key(loadBalancer: name, backend: backend, color: color)], series.sessions > 0,
                let progress = series.progress, let seen = seenAt[name]
            else { return nil }
            return seen - progress
        }.min() ?? .zero
    }

    func sessions(_ color: Color, _ backend: String, on names: [LoadBalancerID]) -> Int {
        names.reduce(0) { $0 + (series[Key(loadBalancer: $1, backend: backend, color: color)]?.sessions ?? 0) }
    }

    /// How many requests wait for a server of a color, or for any, and how many at least have waited for `queueTime`; nil
    /// for the second as long as the step is shorter.
    func queue(_ color: Color, _ backend: String, on name: LoadBalancerID) -> (now: Int, lasting: Int?) {
        let looks = [color, nil].map { series[Key(loadBalancer: name, backend: backend, color: $0)]?.queue ?? [] }
        let sums = zip(looks[0], looks[1]).map { (time: $0.time, count: $0.count + $1.count) }
        guard let last = sums.last, let first = sums.first else { return (0, nil) }
        let isLong = last.time - first.time >= TrafficTally.queueTime
        return (last.count, isLong ? sums.map(\.count).min() : nil)
    }

    // MARK: - Summing

    private mutating func add(
        _ counters: [(name: String, counters: ServerCounters)], to key: Key, isFirst: Bool, _ time: Period
    ) {
        var series = series[key] ?? Series()
        if series.atStep != nil { series.earlier.append((time, series.total)) }
        // One look from before the window stays, so that the window is never shorter than it says.
        while series.earlier.count > 1, time - series.earlier[1].time >= TrafficTally.recent {
            series.earlier.removeFirst()
        }
        let before = series.total.requests
        for (name, now) in counters {
            if !isFirst { series.total += Sums(from: series.last[name] ?? ServerCounters(), to: now) }
            series.last[name] = now
        }
        if series.atStep == nil {
            series.atStep = series.total
            series.earlier = [(time, series.total)]
        }
        let sessions = counters.reduce(0) { $0 + $1.counters.sessions }
        series.sessions = sessions
        series.queue.append((time, counters.reduce(0) { $0 + $1.counters.queued }))
        while series.queue.count > 1, time - series.queue[1].time >= TrafficTally.queueTime {
            series.queue.removeFirst()
        }
        if series.total.requests > before || sessions == 0 || series.progress == nil { series.progress = time }
        self.series[key] = series
    }
}

/// What the answers of a backend were like while the old color gave them.
public struct UsualTraffic: Codable, Sendable, Hashable {
    public var requests: Int
    public var begun: Int
    public var clientErrors: Int
    public var redirects: Int
    public var bytesOut: Int
    /// Nil where an older rz measured it.
    public var errorCounts: ErrorCounts?

    public init(
        requests: Int, begun: Int, clientErrors: Int = 0, redirects: Int = 0, bytesOut: Int = 0,
        errorCounts: ErrorCounts? = nil
    ) {
        self.errorCounts = errorCounts
        self.requests = requests
        self.begun = begun
        self.clientErrors = clientErrors
        self.redirects = redirects
        self.bytesOut = bytesOut
    }

    init(_ sums: TrafficTally.Sums) {
        self.init(
            requests: sums.requests, begun: sums.begun, clientErrors: sums.clientErrors, redirects: sums.redirects,
            bytesOut: sums.bytesOut, errorCounts: sums.errorCounts)
    }

    func rate(_ count: Int) -> Double { requests == 0 ? 0 : min(1, Double(count) / Double(requests)) }

    /// At most all of them; nil where that was not measured.
    func count(of errorClass: ErrorClass) -> Int? {
        let count = errorClass == .clientErrors ? clientErrors : errorCounts?[errorClass]
        return count.map { min($0, requests) }
    }
}

extension TrafficTally.Sums {
    /// Between two looks at the same server.
    init(from before: ServerCounters, to after: ServerCounters) {
        let isRestarted =
            after.requests < before.requests || after.errors < before.errors || after.begun < before.begun
            || after.bytesOut < before.bytesOut
        let start = isRestarted ? ServerCounters() : before
        errors = after.errors - start.errors
        // Connections that failed may never have become requests: they count as requests that failed.
        requests = max(errors, after.requests - start.requests)
        errorCounts = after.errorCounts.since(start.errorCounts)
        clientErrors = max(0, after.clientErrors - start.clientErrors)
        redirects = max(0, after.redirects - start.redirects)
        begun = after.begun - start.begun
        bytesOut = after.bytesOut - start.bytesOut
    }

    static func += (left: inout Self, right: Self) {
        left.requests += right.requests
        left.errors += right.errors
        left.errorCounts = left.errorCounts + right.errorCounts
        left.clientErrors += right.clientErrors
        left.redirects += right.redirects
        left.begun += right.begun
        left.bytesOut += right.bytesOut
    }

    static func - (left: Self, right: Self) -> Self {
        var difference = left
        difference.requests -= right.requests
        difference.errors -= right.errors
        difference.errorCounts = difference.errorCounts - right.errorCounts
        difference.clientErrors -= right.clientErrors
        difference.redirects -= right.redirects
        difference.begun -= right.begun
        difference.bytesOut -= right.bytesOut
        return difference
    }
}
