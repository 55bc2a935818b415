import Migration

/// A journal in memory, with the lock of the real one.
///
/// `@unchecked Sendable`: see `Timeline`.
final class SimulatedJournal: @unchecked Sendable {
    private(set) var events: [Event] = []
    private(set) var epoch = 0
    private(set) var holder: SimulatedProcess?

    init() {}

    /// The lock's next epoch for a process that takes it, or nil while a process that may live holds it.
    func acquire(_ process: SimulatedProcess) -> Int? {
        if let holder, holder.isAlive { return nil }
        epoch += 1
        holder = process
        return epoch
    }

    func release(_ process: SimulatedProcess) { if holder === process { holder = nil } }

    /// `rz unlock`: takes the lock from whoever holds it.
    func unlock() {
        epoch += 1
        holder = nil
    }

    func isHeld(under epoch: Int) -> Bool { epoch == self.epoch && holder != nil }

    func append(_ kinds: [Event.Kind], run: RunID, at time: Instant) -> [Event] {
        let appended = kinds.enumerated().map { offset, kind in
            Event(run: run, sequence: events.count + 1 + offset, time: time, kind: kind)
        }
        events += appended
        return appended
    }

    /// Starts from what an earlier journal held.
    func load(_ events: [Event], epoch: Int) {
        self.events = events
        self.epoch = epoch
    }
}

/// The journal as one process sees it.
struct ProcessJournal: EventStore {
    let process: SimulatedProcess
    let simulation: Simulation

    func append(_ kinds: [Event.Kind], run: RunID, epoch: Int?, at time: Instant) async throws(Failure) -> [Event] {
        try simulation.append(kinds, run: run, epoch: epoch, at: time, by: process)
    }

    func confirm(epoch: Int) async throws(Failure) {
        guard process.isAlive else { throw .cancelled }
        guard simulation.journal.isHeld(under: epoch) else { throw SimulatedJournal.fenced }
    }

    func events(of run: RunID, after sequence: Int) async throws(Failure) -> [Event] {
        guard process.isAlive else { throw .cancelled }
        let events = simulation.journal.events
        return sequence < events.count ? Array(events[sequence...]) : []
    }
}

extension SimulatedJournal {
    static let fenced = Failure("Another rz took this environment over", kind: .refused)
    static let full = Failure("There is no room left for the journal", kind: .permanent)
}
