import Journal
import Migration

/// Holds an environment's lock while work is done, and releases it whatever comes of the work.
enum LockedRun {
    static func hold(
        _ journal: Journal, purpose: String, _ work: (JournalLock) async throws -> ExitStatus
    ) async throws -> ExitStatus {
        let lock: JournalLock
        do {
            lock = try await Interposition.aroundWrite("acquire the lock") {
                try await journal.acquire(purpose: purpose, at: SystemClock().now)
            }
        } catch let error as JournalError {
            throw error.failure
        }
        do {
            let status = try await work(lock)
            try? await Interposition.aroundWrite("release the lock") { try await journal.release(lock) }
            return status
        } catch {
            try? await journal.release(lock)
            throw error
        }
    }
}
