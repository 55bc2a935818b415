import Testing
import Waiting

@testable import Transport

@Suite("Streams", .serialized)
struct StreamTests {
    @Test("hand over the body as it arrives")
    func pieces() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let stream = try await HTTPClient.shared.stream(HTTPRequest(.get, server.url + "/drip/abcdefgh"))
        #expect(stream.status == 200)
        #expect(stream.headers["Content-Type"] == "text/event-stream")
        var body: [UInt8] = []
        for try await piece in stream.body { body += piece }
        #expect(String(decoding: body, as: UTF8.self) == "abcdefgh")
    }

    @Test("stop the sender while no one reads, go on with the reader, and end with it")
    func backpressure() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        do {
            let stream = try await HTTPClient.shared.stream(HTTPRequest(.get, server.url + "/endless"))
            // The server says so itself: nothing more of what it has to send was taken off it for a while.
            try await eventually("the sender to be held up") { try await server.hits("waiting") > 0 }
            let last = try await server.hits("sent")
            #expect(last < 64 << 20)
            var read = 0
            for try await piece in stream.body {
                read += piece.count
                if read > last + (1 << 20) { break }
            }
            #expect(try await server.hits("sent") > last)
        }
        try await eventually("the sender to see the end") { try await server.hits("stopped") == 1 }
    }

    @Test("that get no headers in time are timed out")
    func deadline() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let error = try await #require(throws: TransportError.self) {
            try await HTTPClient.shared.stream(HTTPRequest(.get, server.url + "/hang", deadline: .milliseconds(300)))
        }
        #expect(error.kind == .timedOut)
        try await eventually("the server to see the end") { try await server.hits("gone") == 1 }
    }

    @Test("that do not end in time are timed out, and their server sees the end")
    func limit() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let stream = try await HTTPClient.shared.stream(
            HTTPRequest(.get, server.url + "/endless"), endingWithin: .milliseconds(300))
        let error = await #expect(throws: TransportError.self) { for try await _ in stream.body {} }
        #expect(error?.kind == .timedOut)
        try await eventually("the server to see the end") { try await server.hits("stopped") == 1 }
    }

    @Test("that are cut off end with an error")
    func cut() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let stream = try await HTTPClient.shared.stream(HTTPRequest(.get, server.url + "/half"))
        let error = await #expect(throws: TransportError.self) { for try await _ in stream.body {} }
        #expect(error?.kind == .connectionLost)
    }

    @Test("end with their task")
    func cancellation() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let task = Task {
            let stream = try await HTTPClient.shared.stream(HTTPRequest(.get, server.url + "/endless"))
            for try await _ in stream.body {}
        }
        try await eventually("the stream") { try await server.hits("sent") > 0 }
        task.cancel()
        try await eventually("the sender to see the end") { try await server.hits("stopped") == 1 }
        _ = await task.result
    }
}

@Suite("Server-sent events", .serialized)
struct EventTests {
    @Test("come one by one, however they are cut", arguments: ["%0A", "%0D", "%0D%0A"])
    func drip(newline: String) async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let text = [
            ": comment", "event: status_update_event", "id: 7", "data: {\"a\":", "data:  \"b: c\"}", "", "data", "",
            "event: lonely", "", "data: ü", "", "data: never finished",
        ].joined(separator: newline).replacing(" ", with: "%20").replacing("ü", with: "%C3%BC")
        var events: [ServerSentEvent] = []
        for try await event in HTTPClient.shared.events(HTTPRequest(.get, server.url + "/drip/" + text)) {
            events.append(event)
        }
        #expect(
            events == [
                ServerSentEvent(type: "status_update_event", data: "{\"a\":\n \"b: c\"}", id: "7"),
                ServerSentEvent(type: "message", data: "", id: "7"),
                ServerSentEvent(type: "message", data: "ü", id: "7"),
            ])
    }

    @Test("are not made of other answers")
    func wrongStatus() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let error = await #expect(throws: TransportError.self) {
            for try await _ in HTTPClient.shared.events(HTTPRequest(.get, server.url + "/status/503")) {}
        }
        #expect(error?.message.contains("503") == true)
    }

    @Test("end the connection when the reader stops")
    func stop() async throws {
        let server = try await WebServer()
        defer { server.stop() }
        let reader = Task {
            for try await _ in HTTPClient.shared.events(HTTPRequest(.get, server.url + "/endless")) {}
        }
        try await eventually("the stream") { try await server.hits("sent") > 0 }
        reader.cancel()
        try await eventually("the sender to see the end") { try await server.hits("stopped") == 1 }
    }

    @Test("are read byte by byte: marks before and in them change nothing")
    func bytes() throws {
        var parser = ServerSentEventParser()
        let events = try parser.take(Array("\u{FEFF}data:\u{301}a\n\ndata: \u{301}b\n\n".utf8))
        #expect(events.map(\.data) == ["\u{301}a", "\u{301}b"])
    }
}
