/// What Redis, or what answers in its place, refused.
public struct RedisError: Error, Sendable, Hashable {
    public let message: String

    public init(message: String) { self.message = message }
}

/// One answer of RESP2.
public enum RedisReply: Sendable {
    case text([UInt8]?)
    case number(Int)
    case list([RedisReply])
}

/// A connection that asks one thing after the other.
///
/// Source: Redis protocol specification (RESP2).
public struct RedisConnection: Sendable {
    private let socket: any ByteStream
    private let deadline: Duration
    private var buffer: [UInt8] = []

    private static let largestReply = 16 << 20

    /// - Parameters:
    ///   - tls: nil for a connection without.
    ///   - deadline: for the connection, and then for each piece that is sent or received.
    public init(
        _ address: SocketAddress, tls: TLSOptions? = nil, deadline: Duration = .seconds(5)
    ) async throws(TransportError) {
        self.deadline = deadline
        socket =
            if let tls {
                try await TLSSocket.connect(to: address, tls: tls, deadline: deadline)
            } else {
                try await StreamSocket.connect(to: address, deadline: deadline)
            }
    }

    public func close() { socket.close() }

    public mutating func call(_ words: String...) async throws -> RedisReply {
        var request: [UInt8] = Array("*\(words.count)\r\n".utf8)
        for word in words { request += Array("$\(word.utf8.count)\r\n\(word)\r\n".utf8) }
        try await socket.write(request, deadline: deadline)
        return try await reply(depth: 0)
    }

    private mutating func reply(depth: Int) async throws -> RedisReply {
        let line = try await line()
        let rest = String(decoding: line.dropFirst(), as: UTF8.self)
        switch line.first {
        case UInt8(ascii: "+"): return .text(Array(rest.utf8))
        case UInt8(ascii: "-"): throw RedisError(message: rest)
        case UInt8(ascii: ":"): return .number(Int(rest) ?? 0)
        case UInt8(ascii: "$"):
            guard let length = Int(rest), length <= RedisConnection.largestReply else { throw malformed }
            if length < 0 { return .text(nil) }
            return .text(Array(try await bytes(length + 2).dropLast(2)))
        case UInt8(ascii: "*"):
            guard let count = Int(rest), count <= 1_000_000, depth < 4 else { throw malformed }
            var elements: [RedisReply] = []
            for _ in 0..<max(0, count) { elements.append(try await reply(depth: depth + 1)) }
            return .list(elements)
        default: throw malformed
        }
    }

    private var malformed: RedisError { RedisError(message: "an answer that is not of Redis's protocol") }

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
        let chunk = try await socket.read(deadline: deadline)
        guard !chunk.isEmpty else { throw RedisError(message: "it closed the connection") }
        buffer += chunk
    }
}
