import Migration

/// One process of rz in a simulation: where its tasks run, and what becomes of them when it is stopped or killed.
///
/// `@unchecked Sendable`: see `Timeline`, whose thread is the only one that touches it.
final class SimulatedProcess: TaskExecutor, @unchecked Sendable {
    enum State { case running, stopped, killed }

    /// `rz-1`, `rz-2`: in the order in which they were started.
    let name: String
    let timeline: Timeline
    private(set) var state = State.running
    /// When it was last stopped, and went on.
    private(set) var lastStop: (begin: Int64, end: Int64)?
    private var waits: [Int: UnsafeContinuation<Bool, Never>] = [:]
    private var lastWait = 0

    init(name: String, timeline: Timeline) {
        self.name = name
        self.timeline = timeline
    }

    func enqueue(_ job: consuming ExecutorJob) { timeline.enqueue(UnownedJob(job), of: self) }

    // MARK: - Signals

    /// SIGSTOP: nothing of it runs until it goes on; what it had sent goes its way.
    func stop() {
        guard state == .running else { return }
        state = .stopped
        lastStop = (timeline.elapsed, .max)
    }

    /// SIGCONT.
    func goOn() {
        guard state == .stopped else { return }
        state = .running
        lastStop?.end = timeline.elapsed
    }

    /// SIGKILL: from now on nothing of it has an effect. Its tasks are only woken to unwind.
    func kill() {
        state = .killed
        for id in waits.keys.sorted() { giveUp(id) }
    }

    var isAlive: Bool { state != .killed }

    // MARK: - Waiting

    /// Suspends the calling task until it is woken.
    ///
    /// - Parameter begin: makes sure that someone wakes it, by this number.
    /// - Returns: false when the task was cancelled, or the process killed, before it was woken.
    func wait(_ begin: (Int) -> Void) async -> Bool {
        lastWait += 1
        let id = lastWait
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                guard isAlive, !Task.isCancelled else { return continuation.resume(returning: false) }
                waits[id] = continuation
                begin(id)
            }
        } onCancel: {
            giveUp(id)
        }
    }

    func wake(_ id: Int) { waits.removeValue(forKey: id)?.resume(returning: true) }

    private func giveUp(_ id: Int) { waits.removeValue(forKey: id)?.resume(returning: false) }
}

/// The clock of a simulated process.
struct SimulatedClock: RunClock {
    let process: SimulatedProcess

    var now: Instant { process.timeline.now }
    var uptime: Period { Period(milliseconds: process.timeline.elapsed) }

    func sleep(_ period: Period) async throws(CancellationError) {
        let timeline = process.timeline
        let woken = await process.wait { id in
            timeline.after(period.milliseconds, owner: process) { process.wake(id) }
        }
        guard woken else { throw CancellationError() }
    }
}
