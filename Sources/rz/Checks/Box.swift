import Threads

/// What one task leaves for another.
///
/// Sendable: guarded by `lock`.
final class Box<Value: Sendable>: @unchecked Sendable {
    private let lock = Lock()
    private var kept: Value?

    var value: Value? {
        get { lock.withLock { kept } }
        set { lock.withLock { kept = newValue } }
    }
}
