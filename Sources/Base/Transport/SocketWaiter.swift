import FoundationEssentials
import Glibc
import Threads

/// The one thread that waits for descriptors to get ready, so that no waiting operation holds a thread of its own:
/// a pool of threads that all wait would keep everyone else from running.
///
/// Sendable: `waiting` and `cancelled` are guarded by `lock`.
final class SocketWaiter: @unchecked Sendable {
    static let shared = SocketWaiter()

    enum Outcome: Sendable { case ready, timedOut, cancelled }

    private struct Waiting {
        var descriptor: Int32
        var events: Int16
        var end: ContinuousClock.Instant
        var continuation: CheckedContinuation<Outcome, Never>
    }

    private let lock = Lock()
    private var waiting: [UInt64: Waiting] = [:]
    /// Cancelled before they began to wait.
    private var cancelled: Set<UInt64> = []
    private var lastNumber: UInt64 = 0
    private let alarm = Alarm()

    private init() {
        OwnThread.start("rz.sockets") { [self] in run() }
    }

    /// Waits until a descriptor is ready for events of `poll(2)`. It must stay open for as long.
    func wait(for events: Int16, on descriptor: Int32, until end: ContinuousClock.Instant) async -> Outcome {
        let number = lock.withLock {
            lastNumber += 1
            return lastNumber
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let entry = Waiting(descriptor: descriptor, events: events, end: end, continuation: continuation)
                let isCancelled = lock.withLock {
                    if cancelled.remove(number) != nil { return true }
                    waiting[number] = entry
                    return false
                }
                if isCancelled { continuation.resume(returning: .cancelled) } else { alarm.ring() }
            }
        } onCancel: {
            let entry = lock.withLock { () -> Waiting? in
                if let entry = waiting.removeValue(forKey: number) { return entry }
                cancelled.insert(number)
                return nil
            }
            entry?.continuation.resume(returning: .cancelled)
        }
    }

    private func run() {
        while true {
            let entries = lock.withLock { Array(waiting) }
            var descriptors = [pollfd(fd: alarm.descriptor, events: Int16(POLLIN), revents: 0)]
            descriptors += entries.map { pollfd(fd: $0.value.descriptor, events: $0.value.events, revents: 0) }
            poll(&descriptors, nfds_t(descriptors.count), pause(before: entries.map(\.value.end).min()))
            alarm.silence()
            let now = ContinuousClock.now
            for (entry, descriptor) in zip(entries, descriptors.dropFirst()) {
                let outcome: Outcome? = descriptor.revents != 0 ? .ready : entry.value.end <= now ? .timedOut : nil
                guard let outcome, let ended = lock.withLock({ waiting.removeValue(forKey: entry.key) }) else {
                    continue
                }
                ended.continuation.resume(returning: outcome)
            }
        }
    }

    /// Milliseconds, rounded up; -1 forever.
    private func pause(before end: ContinuousClock.Instant?) -> Int32 {
        guard let end else { return -1 }
        let milliseconds = ((end - .now) / .milliseconds(1)).rounded(.up)
        return milliseconds <= 0 ? 0 : Int32(min(milliseconds, 60_000))
    }
}
