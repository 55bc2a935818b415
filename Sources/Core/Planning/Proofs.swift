import Migration

/// What earlier runs of an environment have shown to work, and when last.
public struct Proofs: Sendable, Hashable {
    /// A part of a move.
    public enum Part: String, Sendable, CaseIterable {
        /// Servers were built and configured, and the services were healthy on them.
        case build
        /// The new color carried all traffic.
        case cutOver
        /// Users went back to the old color.
        case wayBack
        /// The old color was taken down, which no drill shows.
        case tearDown

        /// For people.
        public var words: String {
            switch self {
            case .build: "the build"
            case .cutOver: "the cutover"
            case .wayBack: "the way back"
            case .tearDown: "the tear-down"
            }
        }
    }

    public struct Proof: Sendable, Hashable {
        public var run: RunID
        public var at: Instant
    }

    public private(set) var last: [Part: Proof] = [:]

    public init() {}

    /// Takes what a run has shown.
    public mutating func add(_ plan: Plan, _ events: [Event]) {
        guard plan.phases.contains(where: { $0.traits.contains(.ownsTraffic) }) else { return }
        var wasMoved = false
        for event in events {
            switch event.kind {
            case .phaseEntered(let phase) where plan.phases.has(.returnsTrafficOnFailure, in: phase):
                note(.build, event)
            case .trafficVerified(let share, _):
                if share > .none { wasMoved = true }
                if share == .all { note(.cutOver, event) }
            case .trafficReturned where wasMoved:
                wasMoved = false
                note(.wayBack, event)
            case .runCompleted where plan.phases.contains(where: { $0.traits.contains(.afterNoReturn) }):
                note(.tearDown, event)
            default: break
            }
        }
    }

    private mutating func note(_ part: Part, _ event: Event) {
        if let known = last[part], known.at >= event.time { return }
        last[part] = Proof(run: event.run, at: event.time)
    }

    /// The parts that a drill shows and none has shown within a time.
    public func stale(after limit: Period, at time: Instant) -> [Part] {
        [Part.build, .cutOver, .wayBack].filter { part in last[part].map { time - $0.at > limit } ?? true }
    }

    /// One sentence for each part that was not proved within the time that the environment wants.
    func warnings(_ environment: Environment, at time: Instant) -> [String] {
        guard let limit = environment.drillEvery else { return [] }
        return stale(after: limit, at: time).map { part in
            let proved = last[part].map { "was last proved on \($0.at.day) by \($0.run)" } ?? "was never proved"
            return "\(part.words) \(proved), and `drill.every` is \(limit): rz drill \(environment.name)"
        }
    }
}

extension Instant {
    /// `2026-11-23`, in UTC.
    fileprivate var day: String { String(description.prefix(10)) }
}
