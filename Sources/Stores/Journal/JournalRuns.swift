import JSON
import Migration

/// The runs of an environment as its journal keeps them.
public struct JournalRuns: RunStore {
    private let journal: Journal

    public init(_ journal: Journal) { self.journal = journal }

    public var environment: String { journal.environment }
    public var place: String { journal.path }

    // MARK: - Runs and their events

    public func append(
        _ kinds: [Event.Kind], run: RunID, epoch: Int?, at time: Instant
    ) async throws(Failure) -> [Event] {
        try await journal.append(kinds, run: run, epoch: epoch, at: time)
    }

    public func confirm(epoch: Int) async throws(Failure) { try await journal.confirm(epoch: epoch) }

    public func events(of run: RunID, after sequence: Int) async throws(Failure) -> [Event] {
        try await journal.events(of: run, after: sequence)
    }

    /// Looks again and again: the file of another process gives no word of its own.
    public func follow(_ run: RunID, after sequence: Int, every period: Period) -> EventFeed {
        EventFeed(after: sequence) { [journal] last async throws(Failure) in
            try await journal.events(of: run, after: last)
        } pause: { () async throws(CancellationError) in
            do { try await Task.sleep(for: period.duration) } catch { throw CancellationError() }
        }
    }

    public func newRun(at time: Instant) async throws(Failure) -> RunID {
        do throws(JournalError) { return try await journal.newRun(at: time) } catch { throw error.failure }
    }

    public func runs() async throws(Failure) -> [RunID] {
        do throws(JournalError) { return try await journal.runs().map(\.run) } catch { throw error.failure }
    }

    public func latestRun() async throws(Failure) -> RunID? {
        do throws(JournalError) { return try await journal.latestRun() } catch { throw error.failure }
    }

    // MARK: - Plans

    public func save(plan: String, id: String) async throws(Failure) {
        do throws(JournalError) { try await journal.save(plan: plan, id: id) } catch { throw error.failure }
    }

    public func plan(_ id: String) async throws(Failure) -> String? {
        do throws(JournalError) { return try await journal.plan(id) } catch { throw error.failure }
    }

    public func masked(plan: String) throws(Failure) -> String {
        do throws(JSONError) {
            return try Journal.masked(plan: plan, journal.secrets())
        } catch {
            throw Failure("A plan is not JSON", at: place, details: [error.description])
        }
    }

    public func isImported(plan id: String) async throws(Failure) -> Bool {
        do throws(JournalError) { return try await journal.isImported(plan: id) } catch { throw error.failure }
    }

    public func accept(plan id: String) async throws(Failure) {
        do throws(JournalError) { try await journal.accept(plan: id) } catch { throw error.failure }
    }

    // MARK: - Who may act

    public func acquire(purpose: String, at time: Instant) async throws(Failure) -> RunLease {
        do throws(JournalError) {
            return try await journal.acquire(purpose: purpose, at: time).lease
        } catch {
            throw error.failure
        }
    }

    public func release(_ lease: RunLease) async throws(Failure) {
        do throws(JournalError) { try await journal.release(id: lease.id) } catch { throw error.failure }
    }

    public func unlock(id: String, fromLiving: Bool) async throws(Failure) {
        do throws(JournalError) {
            try await journal.unlock(id: id, fromLiving: fromLiving)
        } catch {
            throw error.failure
        }
    }

    public func currentLease() async throws(Failure) -> RunLease? {
        do throws(JournalError) { return try await journal.currentLock()?.lease } catch { throw error.failure }
    }

    public func lastEpoch() async throws(Failure) -> Int {
        do throws(JournalError) { return try await journal.lastEpoch() } catch { throw error.failure }
    }
}

extension JournalLock {
    /// What others may know of it.
    fileprivate var lease: RunLease {
        RunLease(
            id: id, epoch: epoch, owner: owner, host: host, pid: pid, purpose: purpose, acquiredAt: acquiredAt,
            mayAct: mayAct)
    }
}
