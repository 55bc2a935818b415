import Migration

extension KillPoints {
    /// The same store, with kill points around each write.
    public func around(_ store: any RunStore) -> any RunStore { KilledRunStore(base: store, points: self) }
}

private struct KilledRunStore: RunStore {
    let base: any RunStore
    let points: KillPoints

    var environment: String { base.environment }
    var place: String { base.place }

    func append(_ kinds: [Event.Kind], run: RunID, epoch: Int?, at time: Instant) async throws(Failure) -> [Event] {
        let name = "append " + kinds.map(\.name).joined(separator: "+")
        let changes = !kinds.allSatisfy(\.onlyTellsOfProgress)
        return try await points.around(KillPoints.journal, name, changes: changes) { () async throws(Failure) in
            try await base.append(kinds, run: run, epoch: epoch, at: time)
        }
    }

    /// Asked right before each change, and a part of it.
    func confirm(epoch: Int) async throws(Failure) { try await base.confirm(epoch: epoch) }

    private func write<Result>(
        _ name: String, _ work: () async throws(Failure) -> Result
    ) async throws(Failure) -> Result { try await points.around(KillPoints.journal, name, changes: true, work) }

    func acquire(purpose: String, at time: Instant) async throws(Failure) -> RunLease {
        try await write("acquire the lock") { () async throws(Failure) in
            try await base.acquire(purpose: purpose, at: time)
        }
    }

    func release(_ lease: RunLease) async throws(Failure) {
        try await write("release the lock") { () async throws(Failure) in try await base.release(lease) }
    }

    func newRun(at time: Instant) async throws(Failure) -> RunID {
        try await write("name the run") { () async throws(Failure) in try await base.newRun(at: time) }
    }

    func save(plan: String, id: String) async throws(Failure) {
        try await write("save the plan") { () async throws(Failure) in try await base.save(plan: plan, id: id) }
    }

    /// No run makes it.
    func unlock(id: String, fromLiving: Bool) async throws(Failure) {
        try await base.unlock(id: id, fromLiving: fromLiving)
    }

    func accept(plan id: String) async throws(Failure) { try await base.accept(plan: id) }

    // MARK: - Reads, no points: the store is no outside system

    func currentLease() async throws(Failure) -> RunLease? { try await base.currentLease() }
    func lastEpoch() async throws(Failure) -> Int { try await base.lastEpoch() }
    func runs() async throws(Failure) -> [RunID] { try await base.runs() }
    func latestRun() async throws(Failure) -> RunID? { try await base.latestRun() }
    func plan(_ id: String) async throws(Failure) -> String? { try await base.plan(id) }
    func masked(plan: String) throws(Failure) -> String { try base.masked(plan: plan) }
    func isImported(plan id: String) async throws(Failure) -> Bool { try await base.isImported(plan: id) }

    func follow(_ run: RunID, after sequence: Int, every period: Period) -> EventFeed {
        base.follow(run, after: sequence, every: period)
    }

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
