import Foundation
import Testing
import Transport
import Waiting

@Suite("Requests that fail", .serialized)
struct FailureTests {
    @Test("because no one listens are refused, with no doubt about their effect", arguments: [HTTPMethod.get, .post])
    func refused(_ method: HTTPMethod) async throws {
        let closed = try ClosedPort()
        let error = try await failure(HTTPRequest(method, "http://127.0.0.1:\(closed.port)/"))
        #expect(error.kind == .refused)
        #expect(error.isTransient)
        #expect(!error.effectIsUnknown)
        #expect(error.description.contains("\(closed.port)"))
    }

    @Test("for want of a host say so")
    func unknownHost() async throws {
        #expect(try await failure(HTTPRequest(.post, "http://nowhere.invalid/")).kind == .nameResolution)
    }

    @Test("because they can't be made reach no one", arguments: ["", "http://", "gopher://127.0.0.1/", "http://a b/"])
    func malformed(_ url: String) async throws {
        let error = try await failure(HTTPRequest(.post, url))
        #expect(error.kind == .malformed)
        #expect(!error.effectIsUnknown)
    }

    @Test("with a newline in a header are not made")
    func headerInjection() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let error = try await failure(
            HTTPRequest(.get, server.url + "/echo", headers: [HTTPHeader("A", "b\r\nEvil: yes")]))
        #expect(error.kind == .malformed)
    }

    @Test("at their deadline leave the effect of a change unknown", arguments: [HTTPMethod.get, .post])
    func deadline(_ method: HTTPMethod) async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let error = try await failure(HTTPRequest(method, server.url + "/hang", deadline: .milliseconds(300)))
        #expect(error.kind == .timedOut)
        #expect(error.effectIsUnknown == (method == .post))
        try await eventually("the server to see the end") { try await server.hits("gone") > 0 }
    }

    @Test("may have a deadline as long as there are numbers")
    func longDeadline() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        #expect(
            try await HTTPClient.shared.send(
                HTTPRequest(.get, server.url + "/echo", deadline: .seconds(Int64.max / 2))
            ).status == 200)
    }

    @Test("on cancelling close their connection")
    func cancellation() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let task = Task {
            try await HTTPClient.shared.send(HTTPRequest(.get, server.url + "/hang", deadline: .seconds(600)))
        }
        try await eventually("the request") { try await server.hits("hanging") == 1 }
        task.cancel()
        let error = await #expect(throws: TransportError.self) { try await task.value }
        #expect(error?.kind == .cancelled)
        try await eventually("the server to see the end") { try await server.hits("gone") == 1 }
    }

    @Test("before they begin, because the task is cancelled already, reach no one")
    func cancelledBefore() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            _ = try await HTTPClient.shared.send(HTTPRequest(.post, server.url + "/drop/0/cancelled"))
        }
        task.cancel()
        await #expect(throws: TransportError.self) { try await task.value }
        #expect(try await server.hits("cancelled") == 0)
    }

    @Test("are made again when their method is safe")
    func retrySafe() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let answer = try await HTTPClient.shared.send(HTTPRequest(.get, server.url + "/drop/2/name"))
        #expect(answer.text == "at last")
        #expect(try await server.hits("name") == 3)
    }

    @Test("are made once when their method is not safe", arguments: [HTTPMethod.post, .put, .delete, .patch])
    func noRetry(_ method: HTTPMethod) async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let error = try await failure(HTTPRequest(method, server.url + "/drop/2/name", body: [65]))
        #expect(error.kind == .connectionLost)
        #expect(error.effectIsUnknown)
        #expect(try await server.hits("name") == 1)
    }

    @Test("because of a broken answer leave the effect of a change unknown", arguments: ["/garbage", "/half"])
    func brokenAnswer(_ path: String) async throws {
        let server = try await WebServer()
        defer { server.stop() }
        #expect(try await failure(HTTPRequest(.post, server.url + path)).effectIsUnknown)
        #expect(try await !failure(HTTPRequest(.get, server.url + path)).effectIsUnknown)
    }

    @Test("because the body is longer than allowed end there")
    func tooLarge() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let error = try await failure(HTTPRequest(.get, server.url + "/big/2000000", maximumBody: 1_000_000))
        #expect(error.kind == .tooLarge)
        #expect(
            try await HTTPClient.shared.send(HTTPRequest(.get, server.url + "/big/1000000", maximumBody: 1_000_000))
                .body.count == 1_000_000)
    }

    @Test("show no secret")
    func secrets() async throws {
        let closed = try ClosedPort()
        let address = "127.0.0.1:\(closed.port)"
        for url in ["http://user:geheim@\(address)/a?token=geheim&b=geheim&c", "http://geheim@\(address)?x=geheim"] {
            for credentials in [Credentials.bearer("geheim"), .basic(user: "user", password: "geheim")] {
                let error = try await failure(
                    HTTPRequest(
                        .get, url, headers: [HTTPHeader("X-Token", "geheim")], body: Array("geheim".utf8),
                        credentials: credentials))
                #expect(!"\(error) \(error.target) \(error.message)".contains("geheim"))
                #expect("\(error)".contains(address))
            }
        }
    }

    private func failure(_ request: HTTPRequest) async throws -> TransportError {
        try await #require(throws: TransportError.self) { try await HTTPClient.shared.send(request) }
    }
}
