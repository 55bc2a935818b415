import Migration

/// The only clock and the only thread of a simulation: runs what is ready, and lets time pass when nothing is.
///
/// `@unchecked Sendable`: a simulation lives on the one thread that calls `run`. Everything it begins has a
/// `SimulatedProcess` as its task executor, which only ever runs jobs inside `run`, so no two accesses overlap.
final class Timeline: @unchecked Sendable {
    /// Milliseconds since the simulation began; never goes back.
    private(set) var elapsed: Int64
    /// What the wall clock says beside `elapsed`; a clock that is set changes it.
    var wallOffset: Int64 = Timeline.start
    var generator: SeededGenerator
    /// Whether what is ready runs in the order it became so, or in any.
    let isShuffled: Bool

    /// Jobs run since time last passed.
    private var jobsAtThisMoment = 0
    private var ready: [(process: SimulatedProcess, job: UnownedJob)] = []
    private var timers = Timers()

    /// 2026-11-23T02:00:00Z, the middle of a night.
    static let start: Int64 = 1_795_399_200_000

    init(seed: UInt64, isShuffled: Bool, elapsed: Int64 = 0) {
        self.elapsed = elapsed
        generator = SeededGenerator(seed: seed)
        self.isShuffled = isShuffled
    }

    var now: Instant { Instant(milliseconds: elapsed + wallOffset) }

    func enqueue(_ job: UnownedJob, of process: SimulatedProcess) { ready.append((process, job)) }

    /// Does something after a time; the owner's process must not be stopped then, or it is done when that goes on.
    @discardableResult
    func after(_ milliseconds: Int64, owner: SimulatedProcess? = nil, _ action: @escaping () -> Void) -> Int {
        timers.add(at: elapsed + max(0, milliseconds), owner: owner, action)
    }

    /// Runs everything until `isOver`, until nothing is left to happen, or until too much time has passed.
    ///
    /// - Returns: whether `isOver` came true.
    func run(limit: Int64, until isOver: () -> Bool) -> Bool {
        while !isOver() {
            if runOneJob() {
                jobsAtThisMoment += 1
                // Something goes round in circles without waiting for anything.
                if jobsAtThisMoment > 100_000 { return false }
                continue
            }
            jobsAtThisMoment = 0
            guard let timer = timers.removeFirst(where: { $0?.state != .stopped }) else { return false }
            // What waited for a process that was stopped is late.
            elapsed = max(elapsed, timer.time)
            if elapsed > limit { return false }
            timer.action()
        }
        return true
    }

    /// Runs what is ready to its end, and forgets everything that was to happen later.
    ///
    /// A task that is never resumed is never freed, nor is anything that it holds.
    func close() {
        var jobs = 0
        while jobs < 100_000, runOneJob() { jobs += 1 }
        timers = Timers()
    }

    private func runOneJob() -> Bool {
        let runnable = ready.indices.filter { ready[$0].process.state != .stopped }
        guard let first = runnable.first else { return false }
        let index = isShuffled && runnable.count > 1 ? runnable.randomElement(using: &generator) ?? first : first
        let (process, job) = ready.remove(at: index)
        job.runSynchronously(on: process.asUnownedTaskExecutor())
        return true
    }
}

/// Timers in the order of their time, those of the same time in the order they were made.
private struct Timers {
    struct Timer {
        var time: Int64
        var number: Int
        var owner: SimulatedProcess?
        var action: () -> Void
    }

    private var sorted: [Timer] = []
    private var count = 0

    mutating func add(at time: Int64, owner: SimulatedProcess?, _ action: @escaping () -> Void) -> Int {
        count += 1
        // Later timers are at the front, so that the next one is cheap to take.
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle].time > time { low = middle + 1 } else { high = middle }
        }
        sorted.insert(Timer(time: time, number: count, owner: owner, action: action), at: low)
        return count
    }

    mutating func removeFirst(where isDue: (SimulatedProcess?) -> Bool) -> Timer? {
        guard let index = sorted.lastIndex(where: { isDue($0.owner) }) else { return nil }
        return sorted.remove(at: index)
    }
}
