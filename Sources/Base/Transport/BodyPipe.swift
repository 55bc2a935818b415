import FoundationEssentials
import Glibc
import Threads

/// A body on its way from the event loop to a reader, with at most a quarter of a mebibyte in between.
///
/// Sendable: all state is guarded by `lock`.
final class BodyPipe: @unchecked Sendable {
    typealias Head = (status: Int, headers: HTTPHeaders)

    private static let capacity = 256 << 10

    private let lock = Lock()
    private var chunks: [[UInt8]] = []
    private var size = 0
    private var isPaused = false
    private var head: Head?
    private var ending: Result<Void, TransportError>?
    private var headWaiter: CheckedContinuation<Result<Head, TransportError>, Never>?
    private var chunkWaiter: CheckedContinuation<Result<[UInt8]?, TransportError>, Never>?

    // MARK: - The event loop's side

    func begin(status: Int, headers: HTTPHeaders) {
        let waiter = lock.withLock { () -> CheckedContinuation<Result<Head, TransportError>, Never>? in
            head = head ?? (status, headers)
            defer { headWaiter = nil }
            return headWaiter
        }
        waiter?.resume(returning: .success((status, headers)))
    }

    /// False when the pipe is full: the same bytes come again after a resume.
    func put(_ bytes: [UInt8]) -> Bool {
        lock.lock()
        if let waiter = chunkWaiter {
            chunkWaiter = nil
            lock.unlock()
            waiter.resume(returning: .success(bytes))
            return true
        }
        defer { lock.unlock() }
        guard size < BodyPipe.capacity else {
            isPaused = true
            return false
        }
        chunks.append(bytes)
        size += bytes.count
        return true
    }

    func end(_ result: Result<Transfer.Answer, TransportError>) {
        lock.lock()
        ending = result.map { _ in }
        let (headWaiter, chunkWaiter) = (headWaiter, chunkWaiter)
        (self.headWaiter, self.chunkWaiter) = (nil, nil)
        lock.unlock()
        headWaiter?.resume(returning: result.map { ($0.status, $0.headers) })
        chunkWaiter?.resume(returning: result.map { _ in nil })
    }

    // MARK: - The reader's side

    func waitForHead() async -> Result<Head, TransportError> {
        await withCheckedContinuation { continuation in
            lock.lock()
            let known: Result<Head, TransportError>? =
                if let head { .success(head) } else if case .failure(let error)? = ending { .failure(error) } else {
                    nil
                }
            if known == nil { headWaiter = continuation }
            lock.unlock()
            if let known { continuation.resume(returning: known) }
        }
    }

    /// The next piece; nil at the end. `resume` is called when the sender had to wait and may go on.
    func next(resume: () -> Void) async -> Result<[UInt8]?, TransportError> {
        let (piece, mayResume) = take()
        if mayResume { resume() }
        if let piece { return piece }
        return await withCheckedContinuation { continuation in
            lock.lock()
            let known = takeLocked()
            if known == nil { chunkWaiter = continuation }
            lock.unlock()
            if let known { continuation.resume(returning: known) }
        }
    }

    private func take() -> (Result<[UInt8]?, TransportError>?, Bool) {
        lock.withLock {
            let piece = takeLocked()
            let mayResume = isPaused && size < BodyPipe.capacity / 2
            if mayResume { isPaused = false }
            return (piece, mayResume)
        }
    }

    private func takeLocked() -> Result<[UInt8]?, TransportError>? {
        if !chunks.isEmpty {
            let chunk = chunks.removeFirst()
            size -= chunk.count
            return .success(chunk)
        }
        return ending.map { $0.map { nil } }
    }
}
