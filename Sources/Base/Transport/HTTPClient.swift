import FoundationEssentials
import Glibc

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
        let policy = request.retry ?? (request.isSafe ? .standard : .none)
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
        let end = ContinuousClock.now + request.deadline
        let first = request
        var request = request
        var followed = 0
        while true {
            let pipe = BodyPipe()
            let transfer = Transfer(request, deadline: ContinuousClock.now.duration(to: end), pipe: pipe) { _ in }
            let (status, headers) = try await head(of: transfer, pipe, until: end)
            let next: HTTPRequest?
            do throws(TransportError) {
                next = try request.following(status, headers, from: first, after: followed)
            } catch {
                transfer.loop.cancel(transfer)
                throw error
            }
            guard let next else {
                return HTTPStream(
                    status: status, headers: headers, body: body(of: transfer, pipe, endingWithin: limit))
            }
            transfer.loop.cancel(transfer)
            request = next
            followed += 1
        }
    }

    private func head(
        of transfer: Transfer, _ pipe: BodyPipe, until end: ContinuousClock.Instant
    ) async throws(TransportError) -> (Int, HTTPHeaders) {
        transfer.loop.start(transfer)
        let timer = Task {
            try await Task.sleep(until: end)
            transfer.loop.expire(transfer)
        }
        let head = await withTaskCancellationHandler {
            await pipe.waitForHead()
        } onCancel: {
            transfer.loop.cancel(transfer)
        }
        timer.cancel()
        do throws(TransportError) {
            return try head.get()
        } catch {
            throw await diagnosed(error, transfer.request)
        }
    }

    private func body(
        of transfer: Transfer, _ pipe: BodyPipe, endingWithin limit: Duration?
    ) -> AsyncThrowingStream<[UInt8], any Error> {
        let reading = Reading(transfer: transfer, limit: limit)
        return AsyncThrowingStream<[UInt8], any Error> {
            let piece = await withTaskCancellationHandler {
                await pipe.next { transfer.loop.resume(transfer) }
            } onCancel: {
                transfer.loop.cancel(transfer)
            }
            return try withExtendedLifetime(reading) { try piece.get() }
        }
    }

    private func sendOnce(_ request: HTTPRequest, deadline: Duration) async throws(TransportError) -> HTTPResponse {
        let end = ContinuousClock.now + deadline
        let first = request
        var request = request
        var followed = 0
        while true {
            let ending = Ending<Result<Transfer.Answer, TransportError>>()
            let transfer = Transfer(request, deadline: ContinuousClock.now.duration(to: end)) { ending.resolve($0) }
            let result = await withTaskCancellationHandler {
                transfer.loop.start(transfer)
                return await ending.value
            } onCancel: {
                transfer.loop.cancel(transfer)
            }
            let answer: Transfer.Answer
            do throws(TransportError) {
                answer = try result.get()
            } catch {
                throw await diagnosed(error, request)
            }
            guard let next = try request.following(answer.status, answer.headers, from: first, after: followed) else {
                return HTTPResponse(
                    status: answer.status, headers: answer.headers, body: answer.body, url: request.url)
            }
            request = next
            followed += 1
        }
    }

    private func diagnosed(_ error: TransportError, _ request: HTTPRequest) async -> TransportError {
        request.tls.verifiesPeer ? await error.diagnosed(request.tls) : error
    }
}

/// Ends the transfer when the last reader of a stream releases it, or when its time is over.
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
