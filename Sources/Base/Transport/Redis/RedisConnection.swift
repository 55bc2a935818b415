/// What Redis, or what answers in its place, refused.
public struct RedisError: Error, Sendable, Hashable {
    public let message: String

    public init(message: String) { self.message = message }

    /// Its first word, which says what kind of refusal it is: `NOAUTH`.
    public var code: String { String(message.prefix { $0 != " " }) }
}

/// One answer of RESP2.
public enum RedisReply: Sendable {
    case text([UInt8]?)
    case number(Int)
    case list([RedisReply])
}

extension RedisReply {
    /// A text; nil for none, and for any other answer.
    public var content: String? {
        guard case .text(let bytes?) = self else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The elements of a list; none for any other answer.
    public var elements: [RedisReply] {
        guard case .list(let elements) = self else { return [] }
        return elements
    }
}

/// A connection that asks one thing after the other. All that it reads is bounded: in time, in bytes, and in the number
/// and depth of elements.
///
/// Source: Redis protocol specification (RESP2).
public struct RedisConnection: Sendable {
    private let address: SocketAddress
    private let socket: any ByteStream
    private let deadline: Duration
    private let limit: Duration
    private let end: ContinuousClock.Instant
    private var buffer: [UInt8] = []
    /// Bytes received.
    private var received = 0
    /// Elements of the answer that is being read.
    private var elements = 0

    /// Bytes of one text.
    private static let largestText = 16 << 20
    /// MiB of all answers together.
    private static let most = 128
    private static let mostElements = 100_000

    /// - Parameters:
    ///   - tls: nil for a connection without.
    ///   - deadline: for the connection, and then for each piece that is sent or received.
    ///   - limit: for all that the connection is used for.
    public init(
        _ address: SocketAddress, tls: TLSOptions? = nil, deadline: Duration = .seconds(5),
        limit: Duration = .seconds(60)
    ) async throws(TransportError) {
        self.address = address
        self.deadline = min(deadline, limit)
        self.limit = limit
        end = .now + limit
        socket =
            if let tls {
                try await TLSSocket.connect(to: address, tls: tls, deadline: deadline)
            } else {
                try await StreamSocket.connect(to: address, deadline: deadline)
            }
    }

    public func close() { socket.close() }

    public mutating func call(_ words: String...) async throws -> RedisReply { try await call(words) }

    public mutating func call(_ words: [String]) async throws -> RedisReply {
        var request: [UInt8] = Array("*\(words.count)\r\n".utf8)
        for word in words { request += Array("$\(word.utf8.count)\r\n\(word)\r\n".utf8) }
        try await socket.write(request, deadline: try left)
        elements = 0
        return try await reply(depth: 0)
    }

    /// Says who asks.
    ///
    /// - Parameter user: nil for `default`.
    public mutating func authenticate(user: String? = nil, password: String) async throws {
        _ = try await call(["AUTH"] + [user].compactMap(\.self) + [password])
    }

    /// The keys that match a pattern of Redis'.
    public mutating func keys(matching pattern: String) async throws -> Set<String> {
        var keys: Set<String> = []
        var cursor = "0"
        // Redis gives a cursor back until it has returned every key; a server that never ends is no Redis.
        for _ in 0..<100_000 {
            let answer = try await call("SCAN", cursor, "MATCH", pattern, "COUNT", "500").elements
            guard answer.count == 2, let next = answer[0].content, case .list(let found) = answer[1] else {
                throw RedisError(message: "an answer that SCAN does not give")
            }
            keys.formUnion(found.compactMap(\.content))
            cursor = next
            if cursor == "0" { return keys }
        }
        throw RedisError(message: "SCAN does not end")
    }

    /// The texts of keys; those that hold none are left out.
    public mutating func values(of keys: [String]) async throws -> [String: String] {
        guard !keys.isEmpty else { return [:] }
        let answer = try await call(["MGET"] + keys).elements
        guard answer.count == keys.count else { throw RedisError(message: "an answer that MGET does not give") }
        var values: [String: String] = [:]
        for (key, value) in zip(keys, answer) { values[key] = value.content }
        return values
    }

    /// For the next piece.
    private var left: Duration {
        get throws(TransportError) {
            let left = ContinuousClock.now.duration(to: end)
            guard left > .zero else {
                throw TransportError(
                    .timedOut, target: address.description, message: "its answers took longer than \(limit)")
            }
            return min(left, deadline)
        }
    }

    private mutating func reply(depth: Int) async throws -> RedisReply {
        elements += 1
        guard elements <= RedisConnection.mostElements else { throw tooManyElements }
        let line = try await line()
        let rest = String(decoding: line.dropFirst(), as: UTF8.self)
        switch line.first {
        case UInt8(ascii: "+"): return .text(Array(rest.utf8))
        case UInt8(ascii: "-"): throw RedisError(message: RedisConnection.withoutArguments(rest))
        case UInt8(ascii: ":"): return .number(Int(rest) ?? 0)
        case UInt8(ascii: "$"):
            guard let length = Int(rest), length <= RedisConnection.largestText else { throw malformed }
            if length < 0 { return .text(nil) }
            return .text(Array(try await bytes(length + 2).dropLast(2)))
        case UInt8(ascii: "*"):
            guard let count = Int(rest), depth < 4 else { throw malformed }
            guard count < RedisConnection.mostElements else { throw tooManyElements }
            var elements: [RedisReply] = []
            for _ in 0..<max(0, count) { elements.append(try await reply(depth: depth + 1)) }
            return .list(elements)
        default: throw malformed
        }
    }

    /// Of a command that it does not know a Redis shows what was sent with it, a password too.
    private static func withoutArguments(_ message: String) -> String {
        message.firstRange(of: ", with args").map { String(message[..<$0.lowerBound]) } ?? message
    }

    private var malformed: RedisError { RedisError(message: "an answer that is not of Redis's protocol") }

    private var tooManyElements: RedisError {
        RedisError(message: "an answer has more than \(RedisConnection.mostElements) elements")
    }

    private mutating func line() async throws -> [UInt8] {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                let line = Array(buffer[..<end].filter { $0 != 13 })
                buffer.removeSubrange(...end)
                return line
            }
            guard buffer.count < 65_536 else { throw malformed }
            try await more()
        }
    }

    private mutating func bytes(_ count: Int) async throws -> [UInt8] {
        while buffer.count < count { try await more() }
        let bytes = Array(buffer[..<count])
        buffer.removeSubrange(..<count)
        return bytes
    }

    private mutating func more() async throws {
        let chunk = try await socket.read(deadline: try left)
        guard !chunk.isEmpty else { throw RedisError(message: "it closed the connection") }
        received += chunk.count
        guard received <= RedisConnection.most << 20 else {
            throw RedisError(message: "it sent more than \(RedisConnection.most) MiB")
        }
        buffer += chunk
    }
}
