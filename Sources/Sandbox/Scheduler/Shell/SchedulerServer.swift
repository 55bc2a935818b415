import FlyingFox
import FlyingSocks
import Foundation
import Glibc

/// The HTTP side of a scheduler: FlyingFox requests in, API responses out.
struct SchedulerServer: Sendable {
    let scheduler: Scheduler

    /// Serves until cancelled.
    func run() async throws {
        let configuration = scheduler.configuration
        try await LoopbackServer(address: configuration.address, port: configuration.port).run { request in
            try await respond(to: request)
        }
    }

    private func respond(to received: HTTPRequest) async throws -> HTTPResponse {
        let request: APIRequest
        do throws(MarathonError) {
            request = try await APIRequest(received)
        } catch {
            return HTTPResponse(APIResponse(status: error.status, json: error.body), withoutBody: false)
        }
        let mayEnter = scheduler.configuration.credentials?.refusal(of: request) == nil
        if mayEnter, request.path == ["v2", "events"] { return await events(request) }
        let response: APIResponse
        if request.isReadOnly {
            // Reading does not keep the scheduler from its work: it happens on a copy, outside the actor.
            let shrunk = ShrunkAnswers(of: scheduler.configuration)
            let snapshot = await scheduler.snapshot
            var state = shrunk?.applied(to: snapshot) ?? snapshot
            let api = MarathonAPI(configuration: scheduler.configuration)
            let answer = api.respond(to: request, state: &state, at: .now)
            response = shrunk?.applied(to: answer, of: request.path) ?? answer
        } else {
            response = await scheduler.respond(to: request)
        }
        return HTTPResponse(response, withoutBody: request.method == "HEAD")
    }

    private func events(_ request: APIRequest) async -> HTTPResponse {
        guard request.method == "GET", request.accept.contains("text/event-stream") else {
            return HTTPResponse(
                APIResponse(status: 405, contentType: "text/html", text: "<html>Method Not Allowed</html>"),
                withoutBody: false)
        }
        let types = Set(request.values(of: "event_type"))
        // All clients of the sandbox are on this machine.
        let client = "127.0.0.1"
        let (id, frames) = await scheduler.subscribe(types: types, remoteAddress: client)
        let stream = FrameSequence(
            frames: frames,
            end: { [scheduler] in
                Task { await scheduler.unsubscribe(id, remoteAddress: client) }
            })
        var response = HTTPResponse(statusCode: .ok, body: HTTPBodySequence(from: stream))
        response.headers[.contentType] = "text/event-stream;charset=utf-8"
        response.headers[.cacheControl] = "no-cache"
        return response
    }
}

extension APIRequest {
    /// A thousand definitions take a few hundred kilobytes.
    private static let largestBody = 16 << 20

    /// - Throws: `MarathonError` for a body that is too long or breaks off.
    init(_ request: HTTPRequest) async throws(MarathonError) {
        var body: [UInt8] = []
        do {
            for try await piece in request.bodySequence {
                body += piece
                if body.count > APIRequest.largestBody { break }
            }
        } catch {
            throw MarathonError(400, "The body breaks off")
        }
        guard body.count <= APIRequest.largestBody else {
            throw MarathonError(413, "The body is longer than \(APIRequest.largestBody) bytes")
        }
        let query = request.target.query().split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { part in
                part.replacing("+", with: " ").removingPercentEncoding ?? String(part)
            }
            return (name: parts[0], value: parts.count > 1 ? parts[1] : "")
        }
        self.init(
            method: request.method.rawValue,
            path: request.target.path().split(separator: "/").map { $0.removingPercentEncoding ?? String($0) },
            query: query, accept: request.headers[HTTPHeader("Accept")] ?? "",
            contentType: request.headers[.contentType] ?? "",
            authorization: request.headers[.authorization] ?? "", body: body)
    }
}

extension HTTPResponse {
    init(_ response: APIResponse, withoutBody: Bool) {
        let body = withoutBody ? Data() : Data(response.body)
        self.init(
            statusCode: HTTPStatusCode(response.status, phrase: Self.phrases[response.status] ?? "Unknown"),
            body: HTTPBodySequence(data: body, suggestedBufferSize: 1 << 16))
        for (name, value) in response.headers { headers[HTTPHeader(name)] = value }
    }

    private static let phrases = [
        200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 302: "Found", 400: "Bad Request",
        401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict",
        413: "Content Too Large", 415: "Unsupported Media Type", 422: "Unprocessable Entity",
        500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
        504: "Gateway Timeout",
    ]
}

/// Event frames as the body of a response without end.
struct FrameSequence: AsyncBufferedSequence {
    typealias Element = UInt8
    let frames: AsyncStream<[UInt8]>
    /// Called when no one reads any more.
    let end: @Sendable () -> Void

    func makeAsyncIterator() -> Iterator {
        Iterator(frames: frames.makeAsyncIterator(), lifetime: Lifetime(end: end))
    }

    struct Iterator: AsyncBufferedIteratorProtocol {
        var frames: AsyncStream<[UInt8]>.AsyncIterator
        let lifetime: Lifetime

        mutating func next() async -> UInt8? {
            // The response encoder takes whole buffers only.
            nil
        }

        mutating func nextBuffer(suggested count: Int) async -> [UInt8]? {
            await frames.next()
        }
    }

    /// Ends with its iterator, that is with the connection.
    final class Lifetime: Sendable {
        private let end: @Sendable () -> Void

        init(end: @escaping @Sendable () -> Void) {
            self.end = end
        }

        deinit {
            end()
        }
    }
}
