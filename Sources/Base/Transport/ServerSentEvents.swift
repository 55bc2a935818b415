/// One event of a stream (WHATWG HTML, section 9.2).
public struct ServerSentEvent: Sendable, Hashable {
    /// `message` unless the server named it.
    public var type: String
    public var data: String
    public var id: String?

    public init(type: String, data: String, id: String? = nil) {
        self.type = type
        self.data = data
        self.id = id
    }
}

extension HTTPClient {
    /// Events of a stream, until it ends. Never reconnects by itself: whoever reads must know that events were lost.
    ///
    /// - Parameter largestEvent: in bytes; Marathon sends a whole deployment's plan as one.
    /// - Throws: `TransportError`; also when the answer is no event stream, or an event is larger.
    public func events(
        _ request: HTTPRequest, largestEvent: Int = 16 << 20
    ) -> AsyncThrowingStream<ServerSentEvent, any Error> {
        let reader = ServerSentEventReader(client: self, request: request, largestEvent: largestEvent)
        return AsyncThrowingStream { try await reader.next() }
    }
}

/// Reads only as fast as someone takes the events.
private actor ServerSentEventReader {
    private let client: HTTPClient
    private let request: HTTPRequest
    private var body: AsyncThrowingStream<[UInt8], any Error>.Iterator?
    private var parser: ServerSentEventParser
    private var events: [ServerSentEvent] = []

    init(client: HTTPClient, request: HTTPRequest, largestEvent: Int) {
        parser = ServerSentEventParser(largestEvent: largestEvent)
        self.client = client
        self.request = request
    }

    /// Nil at the end of the stream.
    func next() async throws -> ServerSentEvent? {
        var body = try await opened()
        while events.isEmpty {
            guard let bytes = try await body.next(isolation: self) else { return nil }
            do throws(ServerSentEventParser.TooLarge) {
                events = try parser.take(bytes).reversed()
            } catch {
                throw failure(.tooLarge, "an event is longer than \(parser.largestEvent) bytes")
            }
        }
        self.body = body
        return events.removeLast()
    }

    private func opened() async throws -> AsyncThrowingStream<[UInt8], any Error>.Iterator {
        if let body { return body }
        var request = request
        request.headers.append(HTTPHeader("Accept", "text/event-stream"))
        let stream = try await client.stream(request)
        guard stream.status == 200 else {
            throw failure(.malformed, "answered \(stream.status) where events were expected")
        }
        let body = stream.body.makeAsyncIterator()
        self.body = body
        return body
    }

    private func failure(_ kind: TransportError.Kind, _ message: String) -> TransportError {
        TransportError(kind, target: "\(request.method) \(shown(request.url))", message: message)
    }
}

/// Takes bytes as they come and gives events as they are complete.
struct ServerSentEventParser {
    struct TooLarge: Error {}

    /// In bytes, all lines of one event together.
    let largestEvent: Int

    private var line: [UInt8] = []
    /// Bytes since the last event.
    private var size = 0
    private var endedWithCarriageReturn = false
    private var isFirstLine = true
    private var type = ""
    private var data: [String] = []
    private var id: String?

    init(largestEvent: Int = 16 << 20) { self.largestEvent = largestEvent }

    mutating func take(_ bytes: [UInt8]) throws(TooLarge) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            size += 1
            if size > largestEvent { throw TooLarge() }
            switch byte {
            case 10 where endedWithCarriageReturn:
                endedWithCarriageReturn = false
            case 10, 13:
                endedWithCarriageReturn = byte == 13
                if let event = endLine() { events.append(event) }
            default:
                endedWithCarriageReturn = false
                line.append(byte)
            }
        }
        return events
    }

    private mutating func endLine() -> ServerSentEvent? {
        // Bytes, not characters: a letter's marks may follow the colon.
        let start = isFirstLine && line.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        let text = line[start...]
        isFirstLine = false
        defer { line.removeAll(keepingCapacity: true) }
        guard let end = text.indices.first(where: { text[$0] == 58 }) ?? text.indices.last.map({ $0 + 1 }) else {
            return dispatch()
        }
        var bytes = text[end...].dropFirst()
        if bytes.first == 32 { bytes = bytes.dropFirst() }
        let value = String(decoding: bytes, as: UTF8.self)
        switch String(decoding: text[..<end], as: UTF8.self) {
        case "event": type = value
        case "data": data.append(value)
        case "id" where !bytes.contains(0): id = value
        default: break
        }
        return nil
    }

    private mutating func dispatch() -> ServerSentEvent? {
        defer {
            type = ""
            data = []
            size = 0
        }
        guard !data.isEmpty else { return nil }
        return ServerSentEvent(type: type.isEmpty ? "message" : type, data: data.joined(separator: "\n"), id: id)
    }
}
