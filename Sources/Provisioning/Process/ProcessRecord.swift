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
    /// - Parameter stopping: asks it to end at once; nil lets it finish, and asks only when the task is cancelled or
    ///   the deadline passes.
    /// - Throws: `Failure.cancelled`.
    func waitForLeftover(deadline: Period, stopping: Stopping?, leaving: Stopping) async throws(Failure) {
        guard let process = running else { return remove() }
        let clock = ContinuousClock()
        let begin = clock.now
        var ladder = StopLadder(process: process, stopping: stopping ?? leaving)
        var wasCancelled = false
        while running == process {
            wasCancelled = wasCancelled || Task.isCancelled
            if stopping != nil || wasCancelled || clock.now - begin > deadline.duration { ladder.step(at: clock.now) }
            // Not Task.sleep of this task: cancelled, it would not wait at all.
            await Task.detached { try? await Task.sleep(for: .milliseconds(50)) }.value
        }
        remove()
        if wasCancelled { throw .cancelled }
    }
}
