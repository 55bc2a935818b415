import JSON
import Migration
import Transport

/// The records of tasks in the Redis of mesos-compose, read only. They hold secrets in clear: no failure tells a value.
///
/// Source: Redis protocol specification (RESP2); only AUTH, SELECT, SCAN and GET are sent.
struct RedisRecords: Sendable {
    private let address: SocketAddress
    private let password: String?
    private let database: Int
    private let prefix: String

    init(
        _ source: ServiceSource.Redis, prefix: String, inventory: Inventory, resolver: Resolver
    ) throws(Failure) {
        let text = try inventory.fill(source.address, resolver)
        guard let address = SocketAddress("tcp:" + text) else {
            throw Failure(
                "“\(text)” is no address of a Redis", at: "services.sources", advice: "Write it as host:port.")
        }
        self.address = address
        password = try source.password.map(resolver)
        database = source.database
        self.prefix = prefix
    }

    /// Every record of a task. What the framework keeps of itself, passwords among it, is not asked for.
    func tasks() async throws(Failure) -> [ComposeTask] {
        do {
            var connection = try await RedisConnection(address)
            defer { connection.close() }
            if let password { _ = try await connection.call("AUTH", password) }
            _ = try await connection.call("SELECT", String(database))
            var tasks: [ComposeTask] = []
            for key in try await keys(&connection).sorted() where !isOfFramework(key) {
                guard case .text(let value?) = try await connection.call("GET", key),
                    let json = try? JSON(parsing: value), json["TaskID"]?.string?.isEmpty == false
                else { continue }
                tasks.append(ComposeTask(json: json))
            }
            return tasks
        } catch let error as TransportError {
            throw Failure(error, calling: "Redis", at: address.description)
        } catch let error as RedisError {
            throw Failure("Redis refuses", at: address.description, details: [error.message])
        } catch {
            throw Failure("Redis can't be read", at: address.description)
        }
    }

    private func isOfFramework(_ key: String) -> Bool {
        key == "\(prefix):framework" || key == "\(prefix):framework_config"
    }

    private func keys(_ connection: inout RedisConnection) async throws -> Set<String> {
        var keys: Set<String> = []
        var cursor = "0"
        // Redis gives a cursor back until it has told every key; a server that never ends is no Redis.
        for _ in 0..<100_000 {
            let answer = try await connection.call("SCAN", cursor, "MATCH", "*:*", "COUNT", "500")
            guard case .list(let parts) = answer, parts.count == 2, case .text(let next?) = parts[0],
                case .list(let found) = parts[1]
            else { throw RedisError(message: "an answer to SCAN that is none") }
            for case .text(let key?) in found { keys.insert(String(decoding: key, as: UTF8.self)) }
            cursor = String(decoding: next, as: UTF8.self)
            if cursor == "0" { break }
        }
        return keys
    }
}

struct RedisError: Error {
    let message: String
}

/// One answer of RESP2.
enum RedisReply: Sendable {
    case text([UInt8]?)
    case number(Int)
    case list([RedisReply])
}

/// A connection that asks one thing after the other.
struct RedisConnection: Sendable {
    private let socket: StreamSocket
    private var buffer: [UInt8] = []

    private static let largestReply = 16 << 20

    init(_ address: SocketAddress) async throws(TransportError) {
        socket = try await StreamSocket.connect(to: address, deadline: .seconds(5))
    }

    func close() { socket.close() }

    mutating func call(_ words: String...) async throws -> RedisReply {
        var request: [UInt8] = Array("*\(words.count)\r\n".utf8)
        for word in words { request += Array("$\(word.utf8.count)\r\n\(word)\r\n".utf8) }
        try await socket.write(request, deadline: .seconds(5))
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
        let chunk = try await socket.read(deadline: .seconds(5))
        guard !chunk.isEmpty else { throw RedisError(message: "it closed the connection") }
        buffer += chunk
    }
}
