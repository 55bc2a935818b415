import FoundationEssentials
import Glibc
import Threads

/// A call into a library that blocks for as long as it likes: it gets a thread of its own, and the caller leaves it
/// behind at the deadline.
///
/// Sendable: `result` is guarded by `lock`.
final class BlockingCall<Success: Sendable>: @unchecked Sendable {
    enum Outcome {
        case done(Result<Success, TransportError>)
        case timedOut, cancelled
    }

    private let lock = Lock()
    private var result: Result<Success, TransportError>?
    private let done = Alarm()

    private init() {}

    static func perform(
        until end: ContinuousClock.Instant, _ work: @escaping @Sendable () throws(TransportError) -> Success
    ) async -> Outcome {
        let call = BlockingCall()
        OwnThread.start {
            let result = Result { () throws(TransportError) in try work() }
            call.lock.withLock { call.result = result }
            call.done.ring()
        }
        switch await SocketWaiter.shared.wait(for: Int16(POLLIN), on: call.done.descriptor, until: end) {
        case .ready: return call.lock.withLock { call.result }.map(Outcome.done) ?? .cancelled
        case .timedOut: return .timedOut
        case .cancelled: return .cancelled
        }
    }
}
