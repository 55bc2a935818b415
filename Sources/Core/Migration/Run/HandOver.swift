/// Where a singleton stands, from the moment on that a color was asked to release it.
///
/// Frameworks don't make up for a run that a job missed while its schedule was disabled in both colors. Such a run is
/// made up for exactly once; if it can't be known whether it ran, it is reported and never started again. Whether a fire
/// time has passed is judged only by what the frameworks say fires next, never by rz's clock, which may be wrong.
public struct HandOver: Sendable, Hashable {
    /// The color that lets it run; nil while none does for certain.
    public private(set) var holder: Color?
    /// Instances it had when it was last released; none for a job.
    public private(set) var instances = 0
    /// When a job fires next, as its framework said once neither color let it; nil once that is accounted for.
    public private(set) var due: Instant?
    /// A fire time at which it may or may not have run.
    public private(set) var doubtful: Instant?
    /// A run for `due` may have been started by hand: never start another.
    public private(set) var missedRunIsIntended = false
    /// A color was asked to release or acquire it, and its answer is not known: the request may still arrive.
    public private(set) var isUnanswered = false
    /// How long no one let it run, once it was taken.
    public private(set) var downtime: Period?
    private var releasedAt: Instant?
    /// What the new holder would have fired next, as it said right before it was first asked to let the job run.
    private var nextFireBeforeTake: Instant?

    public init() {}

    /// Whether a run was due at a time when surely no color let the job run, and none was started for it.
    public var hasMissedRun: Bool {
        guard let due, let nextFireBeforeTake else { return false }
        return due < nextFireBeforeTake && !missedRunIsIntended
    }

    mutating func releaseIntended(_ color: Color, _ instances: Int, _ nextFire: Instant?, at time: Instant) {
        var next = HandOver()
        // A run that was missed before stays owed.
        if hasMissedRun { next.due = due }
        next.holder = color
        next.instances = instances
        next.doubtful = nextFire
        next.releasedAt = time
        next.isUnanswered = true
        self = next
    }

    mutating func released(nextFire: Instant?) {
        holder = nil
        isUnanswered = false
        due = due ?? nextFire
        // What still fires next has not fired meanwhile.
        if nextFire == doubtful { doubtful = nil }
    }

    mutating func acquireIntended(nextFire: Instant?) {
        nextFireBeforeTake = nextFireBeforeTake ?? nextFire
        isUnanswered = true
    }

    mutating func acquired(_ color: Color, nextFire: Instant?, at time: Instant) {
        holder = color
        isUnanswered = false
        downtime = releasedAt.map { time - $0 }
        guard let fire = due, !hasMissedRun, !missedRunIsIntended else { return }
        due = nil
        // What still fires next is fired by the new holder; what doesn't may have been fired by it, or by no one.
        if let nextFire, fire < nextFire { doubtful = fire }
    }

    /// The same but for when things happened: what tells states apart.
    public var withoutTimes: HandOver {
        var same = self
        let noTime = Instant(milliseconds: 0)
        same.due = due.map { _ in noTime }
        same.doubtful = doubtful.map { _ in noTime }
        same.downtime = nil
        same.releasedAt = releasedAt.map { _ in noTime }
        same.nextFireBeforeTake = nextFireBeforeTake.map { _ in noTime }
        return same
    }

    mutating func missedRunIntended() { missedRunIsIntended = true }

    mutating func settle(_ fire: Instant) {
        if due == fire { due = nil }
        if doubtful == fire { doubtful = nil }
    }
}
