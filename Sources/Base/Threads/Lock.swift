import Glibc

/// A mutex, for state that several threads change and none keeps for long (pthread_mutex_lock(3)).
///
/// Sendable: the mutex never moves, and is made to be used by all threads.
public final class Lock: @unchecked Sendable {
    fileprivate let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    public init() {
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    public func lock() { pthread_mutex_lock(mutex) }
    public func unlock() { pthread_mutex_unlock(mutex) }

    public func withLock<Result, Failed: Error>(_ work: () throws(Failed) -> Result) throws(Failed) -> Result {
        lock()
        defer { unlock() }
        return try work()
    }
}

/// A lock whose holder can wait until another one changes what it guards (pthread_cond_wait(3)).
///
/// Sendable: the condition never moves, and is made to be used by all threads.
public final class Condition: @unchecked Sendable {
    private let guarded = Lock()
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    public init() {
        condition.initialize(to: pthread_cond_t())
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        condition.deallocate()
    }

    public func withLock<Result, Failed: Error>(_ work: () throws(Failed) -> Result) throws(Failed) -> Result {
        try guarded.withLock(work)
    }

    /// Under the lock, which others have meanwhile. May return without a signal.
    public func wait() { pthread_cond_wait(condition, guarded.mutex) }

    /// Wakes one who waits.
    public func signal() { pthread_cond_signal(condition) }
}
