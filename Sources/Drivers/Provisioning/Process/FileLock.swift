import Glibc
import Migration

/// Lets one rz after the other work on the same files. Ends with the process that holds it, however that ends.
///
/// Source: flock(2).
enum FileLock {
    /// - Throws: `Failure`, transient, when another process still holds the lock after the deadline; else what the work
    ///   throws.
    static func hold<Result>(
        _ path: String, deadline: Period = .minutes(10), _ work: () async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        let file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Files.failure("The lock can't be opened", path) }
        defer { close(file) }
        let clock = ContinuousClock()
        let begin = clock.now
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            if Task.isCancelled { throw .cancelled }
            guard clock.now - begin < deadline.duration else {
                throw Failure(
                    "Another rz has worked on the same files for \(deadline)", at: path,
                    advice: "Wait until it is done, then try again.", kind: .transient)
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return try await work()
    }
}
