import Foundation

/// Makes HTTP requests over libcurl. All clients share its event loops and their connections.
public struct HTTPClient: Sendable {
    public static let shared = HTTPClient()

    public init() {}

    /// Makes a request and reads its answer, whatever its status.
    ///
    /// Requests with safe methods are tried again when they failed for a passing reason; others are sent once, by
    /// libcurl too. Cancelling the task ends the transfer and closes its connection.
    public func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        try await attempts(at: request, ContinuousClock()) { deadline throws(TransportError) in
            try await sendOnce(request, deadline: deadline)
        }
    }

    /// Makes attempts until one succeeds or they are over; all together have the request's deadline.
    ///
    /// - Parameter once: one attempt, with what is left of the deadline.
    func attempts<Answer>(
        at request: HTTPRequest, _ clock: some Clock<Duration>,
        once: (Duration) async throws(TransportError) -> Answer
    ) async throws(TransportError) -> Answer {
        let policy = request.retry ?? (request.method.isSafe ? .standard : .none)
        let end = clock.now.advanced(by: request.deadline)
        var attempt = 1
        while true {
            do throws(TransportError) {
                return try await once(clock.now.duration(to: end))
            } catch {
                let pause = policy.pause * (1 << min(attempt - 1, 6)) * Double.random(in: 0.5...1)
                guard attempt < policy.attempts, error.isTransient, clock.now.advanced(by: pause) < end else {
                    throw error
                }
                do { try await clock.sleep(for: pause) } catch { throw TransportError(cancelled: request) }
                attempt += 1
            }
        }
    }

    /// Makes a request and hands over the body as it arrives. Never tried again.
    ///
    /// - Parameter limit: after which the body must have ended; nil for streams that have no end.
    public func stream(
        _ request: HTTPRequest, endingWithin limit: Duration? = nil
    ) async throws(TransportError) -> HTTPStream {
        let pipe = BodyPipe()
        let transfer = Transfer(request, deadline: request.deadline, pipe: pipe) { _ in }
        transfer.loop.start(transfer)
        let timer = Task {
            try await Task.sleep(for: request.deadline)
            transfer.loop.expire(transfer)
        }
        let head = await withTaskCancellationHandler {
            await pipe.waitForHead()
        } onCancel: {
            transfer.loop.cancel(transfer)
        }
        timer.cancel()
        let (status, headers) = try head.get()
        let reading = Reading(transfer: transfer, limit: limit)
        let body = AsyncThrowingStream<[UInt8], any Error> {
            let piece = await withTaskCancellationHandler {
                await pipe.next { transfer.loop.resume(transfer) }
            } onCancel: {
                transfer.loop.cancel(transfer)
            }
            return try withExtendedLifetime(reading) { try piece.get() }
        }
        return HTTPStream(status: status, headers: headers, body: body)
    }

    private func sendOnce(_ request: HTTPRequest, deadline: Duration) async throws(TransportError) -> HTTPResponse {
        let ending = Ending()
        let transfer = Transfer(request, deadline: deadline) { ending.resolve($0) }
        let result = await withTaskCancellationHandler {
            transfer.loop.start(transfer)
            return await ending.value
        } onCancel: {
            transfer.loop.cancel(transfer)
        }
        let answer = try result.get()
        return HTTPResponse(status: answer.status, headers: answer.headers, body: answer.body, url: answer.url)
    }
}

/// Ends the transfer when the last reader of a stream lets go of it, or when its time is over.
private final class Reading: Sendable {
    private let transfer: Transfer
    private let timer: Task<Void, any Error>?

    init(transfer: Transfer, limit: Duration?) {
        self.transfer = transfer
        timer = limit.map { limit in
            Task {
                try await Task.sleep(for: limit)
                transfer.loop.expire(transfer)
            }
        }
    }

    deinit {
        timer?.cancel()
        transfer.loop.cancel(transfer)
    }
}

/// A result that one side waits for and the other gives once.
///
/// Sendable: all state is guarded by `lock`.
private final class Ending: @unchecked Sendable {
    private let lock = NSLock()
    private var result: Result<Transfer.Answer, TransportError>?
    private var waiter: CheckedContinuation<Result<Transfer.Answer, TransportError>, Never>?

    var value: Result<Transfer.Answer, TransportError> {
        get async {
            await withCheckedContinuation { continuation in
                lock.lock()
                let known = result
                if known == nil { waiter = continuation }
                lock.unlock()
                if let known { continuation.resume(returning: known) }
            }
        }
    }

    func resolve(_ result: Result<Transfer.Answer, TransportError>) {
        lock.lock()
        self.result = result
        let waiter = waiter
        self.waiter = nil
        lock.unlock()
        waiter?.resume(returning: result)
    }
}
