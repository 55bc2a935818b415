import Dispatch
import FoundationEssentials
import Glibc
import Threads

/// Hands items over to a thread of their own, which does with them what may take any time: write to a pipe that no one
/// reads, to a terminal that was stopped, to a disk that hangs (invariant I14).
///
/// Whoever gives never waits. At most `capacity` items wait to be taken; a further one takes the place of the oldest.
///
/// Sendable: all state is guarded by `condition`.
final class Handover<Item: Sendable>: @unchecked Sendable {
    private let condition = Condition()
    private let capacity: Int
    private var waiting: [Item] = []
    private var dropped = 0
    private var isClosed = false
    private var isOver = false

    /// - Parameter take: gets each item, and how many before it were dropped since the one before. False ends it: from
    ///   then on everything is dropped.
    init(_ name: String, capacity: Int, take: @escaping @Sendable (_ item: Item, _ dropped: Int) -> Bool) {
        self.capacity = capacity
        OwnThread.start(name) { [self] in
            blockWriteSignals()
            while let (item, dropped) = next(), take(item, dropped) {}
            end()
        }
    }

    /// Returns at once.
    func give(_ item: Item) {
        condition.withLock {
            append(item)
            condition.signal()
        }
    }

    /// Takes a last item and no more, and waits until all that was given is done with.
    ///
    /// - Returns: false where that took longer than `limit`; the thread goes on as long as the process lives.
    func close(with last: Item? = nil, within limit: Duration) async -> Bool {
        condition.withLock {
            if let last { append(last) }
            isClosed = true
            condition.signal()
        }
        let end = ContinuousClock.now + limit
        while !condition.withLock({ isOver }) {
            guard ContinuousClock.now < end else { return false }
            // Not the task's own sleep: a cancelled one would not wait for the last words.
            await withCheckedContinuation { continuation in
                DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(5)) { continuation.resume() }
            }
        }
        return true
    }

    /// Under the lock.
    private func append(_ item: Item) {
        guard !isClosed, !isOver else { return }
        if waiting.count >= capacity {
            waiting.removeFirst()
            dropped += 1
        }
        waiting.append(item)
    }

    private func next() -> (Item, Int)? {
        condition.withLock {
            while waiting.isEmpty, !isClosed { condition.wait() }
            guard !waiting.isEmpty else { return nil }
            defer { dropped = 0 }
            return (waiting.removeFirst(), dropped)
        }
    }

    private func end() {
        condition.withLock {
            isOver = true
            waiting = []
        }
    }
}
