/// Where the runs of one environment are kept: their events, their plans, and who may act.
public protocol RunStore: EventStore, PlanStore, LeaseStore {
    var environment: String { get }

    /// Where it is, for people: a file or an address.
    var place: String { get }

    /// A new name for a run, given to no one else: the day and the number of the run on that day, `r-20261123-0007`.
    func newRun(at time: Instant) async throws(Failure) -> RunID

    /// All runs that something happened to, the oldest first.
    func runs() async throws(Failure) -> [RunID]

    /// The run that was started last; nil when there was none.
    func latestRun() async throws(Failure) -> RunID?

    /// The events of a run after a position as they come, other processes' events included.
    ///
    /// - Parameter period: what passes between two looks, at most.
    func follow(_ run: RunID, after sequence: Int, every period: Period) -> EventFeed
}
