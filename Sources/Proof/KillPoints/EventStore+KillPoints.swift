import Migration

extension KillPoints {
    /// The same store, with kill points around each append.
    public func around(_ store: any EventStore) -> any EventStore { KilledEventStore(base: store, points: self) }

    /// Makes one of the journal's writes that are no events: the lock, a run's name, its plan.
    public func aroundWrite<Result>(
        _ what: String, _ write: () async throws -> Result
    ) async throws -> Result {
        try await around(KillPoints.journal, what, changes: true, write)
    }
}

private struct KilledEventStore: EventStore {
    let base: any EventStore
    let points: KillPoints

    func append(_ kinds: [Event.Kind], run: RunID, epoch: Int?, at time: Instant) async throws(Failure) -> [Event] {
        let name = "append " + kinds.map(\.name).joined(separator: "+")
        let changes = !kinds.allSatisfy(\.onlyTellsOfProgress)
        return try await points.around(KillPoints.journal, name, changes: changes) { () async throws(Failure) in
            try await base.append(kinds, run: run, epoch: epoch, at: time)
        }
    }

    /// Asked right before each change, and a part of it.
    func confirm(epoch: Int) async throws(Failure) { try await base.confirm(epoch: epoch) }

    /// Reads what this or another process appended; the journal is no outside system.
    func events(of run: RunID, after sequence: Int) async throws(Failure) -> [Event] {
        try await base.events(of: run, after: sequence)
    }
}

extension Event.Kind {
    /// The case, with the step, phase or share that it is about: `stepStarted(replicate/launch/shop/web)`.
    fileprivate var name: String {
        guard let payload = Mirror(reflecting: self).children.first else { return "\(self)" }
        let subject = Mirror(reflecting: payload.value).children.first {
            ["step", "phase", "share"].contains($0.label ?? "")
        }
        return (payload.label ?? "") + (subject.map { "(\($0.value))" } ?? "")
    }

    /// Nothing is decided by these.
    fileprivate var onlyTellsOfProgress: Bool {
        switch self {
        case .stepWaiting, .trafficSampled, .gateSampled, .noted: true
        default: false
        }
    }
}
