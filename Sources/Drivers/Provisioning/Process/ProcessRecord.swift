import Glibc
import Migration

/// A file that names a running program, so that an rz started after a crash finds it.
public struct ProcessRecord: Sendable {
    public let path: String

    public init(path: String) { self.path = path }

    func write(_ process: pid_t) {
        guard let entry = ProcessTable.entry(of: process) else { return }
        // Without the record a crash is only noticed later, by the program's own lock: no reason to stop here.
        try? Files.write("\(process) \(entry.startTime)\n", to: path)
    }

    func remove() { Files.remove(path) }

    /// Unless it names another program by now: one of an rz that has taken over.
    func remove(of process: pid_t) {
        let fields = Files.textIfThere(path)?.split(whereSeparator: \.isWhitespace) ?? []
        if fields.first.flatMap({ pid_t($0) }) == process { remove() }
    }

    /// The recorded process, if it still runs.
    var running: pid_t? {
        let fields = Files.textIfThere(path)?.split(whereSeparator: \.isWhitespace) ?? []
        guard fields.count == 2, let process = pid_t(fields[0]), let startTime = UInt64(fields[1]),
            let entry = ProcessTable.entry(of: process), entry.startTime == startTime, entry.state != "Z"
        else { return nil }
        return process
    }

    /// Waits until a program that an earlier rz left behind has ended.
    ///
    /// - Parameter atOnce: whether it is asked to end at once, or only when the task is cancelled or the deadline
    ///   passes.
    /// - Throws: `Failure.cancelled`, or a failure that names the process if it can't be ended.
    func waitForLeftover(deadline: Period, atOnce: Bool, stopping: Stopping) async throws(Failure) {
        guard let process = running else { return remove() }
        let clock = ContinuousClock()
        let begin = clock.now
        var ladder = StopLadder(process: process, stopping: stopping)
        var family = ProcessFamily(of: process, followsChildren: stopping.followsChildren)
        var stoppedSince: ContinuousClock.Instant?
        var wasCancelled = false
        while running == process {
            wasCancelled = wasCancelled || Task.isCancelled
            if atOnce || wasCancelled || clock.now - begin > deadline.duration {
                let since = stoppedSince ?? clock.now
                stoppedSince = since
                family.noteDescendants()
                ladder.step(at: clock.now)
                guard clock.now - since < (stopping.longest + .seconds(10)).duration else {
                    throw Failure(
                        "Process \(process), left behind by an interrupted run, can't be ended", at: path,
                        advice: "End it by hand, then: rz resume.")
                }
            }
            // Not Task.sleep of this task: cancelled, it would not wait at all.
            await Task.detached { try? await Task.sleep(for: .milliseconds(50)) }.value
        }
        if stoppedSince != nil { await family.end() }
        remove()
        if wasCancelled { throw .cancelled }
    }
}
