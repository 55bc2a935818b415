import FoundationEssentials
import Glibc
import Threads

/// A value that one side waits for and the other gives; the first that is given counts.
///
/// Sendable: all state is guarded by `lock`.
final class Ending<Value: Sendable>: @unchecked Sendable {
    private let lock = Lock()
    private var given: Value?
    private var waiter: CheckedContinuation<Value, Never>?

    var value: Value {
        get async {
            await withCheckedContinuation { continuation in
                lock.lock()
                let known = given
                if known == nil { waiter = continuation }
                lock.unlock()
                if let known { continuation.resume(returning: known) }
            }
        }
    }

    func resolve(_ value: Value) {
        lock.lock()
        guard given == nil else { return lock.unlock() }
        given = value
        let waiter = waiter
        self.waiter = nil
        lock.unlock()
        waiter?.resume(returning: value)
    }
}
