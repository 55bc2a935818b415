import Glibc
import Migration

/// The steps by which a process is asked to end.
struct StopLadder {
    let process: pid_t
    let stopping: Stopping
    private var interruptedAt: ContinuousClock.Instant?
    private var terminatedAt: ContinuousClock.Instant?

    init(process: pid_t, stopping: Stopping) {
        self.process = process
        self.stopping = stopping
    }

    /// Takes the next step if its time has come.
    mutating func step(at now: ContinuousClock.Instant) {
        guard let interruptedAt else {
            interruptedAt = now
            return send(SIGINT)
        }
        guard let terminatedAt else {
            guard now - interruptedAt >= stopping.afterInterrupt.duration else { return }
            terminatedAt = now
            return send(SIGTERM)
        }
        if now - terminatedAt >= stopping.afterTerminate.duration { kill(-process, SIGKILL) }
    }

    private func send(_ signal: Int32) { kill(stopping.signalsGroup ? -process : process, signal) }
}
