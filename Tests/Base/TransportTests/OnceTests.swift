import Testing

@testable import Transport

@Suite("Requests that may change something", .serialized)
struct OnceTests {
    @Test(
        "are sent once, though connections to their server wait to be used again",
        arguments: [HTTPMethod.post, .put, .patch, .delete, "UPDATE"])
    func once(_ method: HTTPMethod) async throws {
        let server = try await WebServer()
        defer { server.stop() }
        try await keepConnection(server)
        let error = try await #require(throws: TransportError.self) {
            try await HTTPClient.shared.send(HTTPRequest(method, server.url + "/drop/9/key", body: [65]))
        }
        #expect(error.kind == .connectionLost)
        #expect(error.effectIsUnknown)
        #expect(try await server.hits("key") == 1)
    }

    @Test("are sent once also where a redirect leads to a server that was asked before")
    func redirected() async throws {
        let (first, second) = (try await WebServer(), try await WebServer())
        defer { for server in [first, second] { server.stop() } }
        for server in [first, second] {
            try await keepConnection(server)
            let target = "http:%2F%2F127.0.0.1:\(server.port)%2Fdrop%2F9%2Fkey"
            let error = try await #require(throws: TransportError.self) {
                try await HTTPClient.shared.send(HTTPRequest(.post, "\(first.url)/redirect/307/\(target)"))
            }
            #expect(error.kind == .connectionLost)
            #expect(error.effectIsUnknown)
            #expect(try await server.hits("key") == 1)
        }
    }

    @Test("are sent once where the answer is a stream")
    func streamed() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        try await keepConnection(server)
        let error = try await #require(throws: TransportError.self) {
            _ = try await HTTPClient.shared.stream(HTTPRequest(.post, server.url + "/drop/9/key"))
        }
        #expect(error.effectIsUnknown)
        #expect(try await server.hits("key") == 1)
    }

    @Test("leave their connection to no other request, while those that only read share one")
    func reuse() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        var reads: Set<String> = []
        for _ in 0..<5 { reads.insert(try await port(.get, server)) }
        #expect(reads.count == 1)
        let question = HTTPRequest(.post, server.url + "/port", body: [65], onlyAsks: true)
        reads.insert(try await HTTPClient.shared.send(question).text)
        #expect(reads.count == 1)
        var changes: Set<String> = []
        for _ in 0..<3 { changes.insert(try await port(.post, server)) }
        #expect(changes.count == 3)
        #expect(changes.isDisjoint(with: reads))
        #expect(try await port(.get, server) == reads.first)
    }

    /// A read whose connection is kept for the next request.
    private func keepConnection(_ server: WebServer) async throws {
        let first = try await port(.get, server)
        try #require(try await port(.get, server) == first)
    }

    /// The client's end of the connection that a request takes.
    private func port(_ method: HTTPMethod, _ server: WebServer) async throws -> String {
        try await HTTPClient.shared.send(HTTPRequest(method, server.url + "/port")).text
    }
}

@Suite("The deadline of a request")
struct DeadlineTests {
    @Test("holds for all its attempts together: each gets what the ones before left of it")
    func shared() async throws {
        let clock = ManualClock()
        var left: [Duration] = []
        let lost = TransportError(.connectionLost, target: "GET http://a/", message: "lost")
        let policy = RetryPolicy(attempts: 3, pause: .zero)
        await #expect(throws: lost) {
            _ = try await HTTPClient().attempts(
                at: HTTPRequest(.get, "http://a/", deadline: .seconds(10), retry: policy), clock
            ) { deadline throws(TransportError) -> Int in
                left.append(deadline)
                clock.advance(by: .seconds(4))
                throw lost
            }
        }
        #expect(left == [.seconds(10), .seconds(6), .seconds(2)])
    }

    @Test("once over allows no further attempt, however many the policy has")
    func over() async throws {
        let clock = ManualClock()
        var attempts = 0
        let lost = TransportError(.connectionLost, target: "GET http://a/", message: "lost")
        await #expect(throws: lost) {
            _ = try await HTTPClient().attempts(
                at: HTTPRequest(.get, "http://a/", deadline: .seconds(10), retry: RetryPolicy(attempts: 9)), clock
            ) { _ throws(TransportError) -> Int in
                attempts += 1
                clock.advance(by: .seconds(10))
                throw lost
            }
        }
        #expect(attempts == 1)
    }
}
