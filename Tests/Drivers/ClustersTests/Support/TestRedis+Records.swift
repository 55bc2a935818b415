import RedisTesting
import Transport

/// A Redis as mesos-compose has it: with the password `hush`, and records in its first database but one.
extension TestRedis {
    static func ofCompose(_ body: (TestRedis) async throws -> Void) async throws {
        try await with(["requirepass hush", "save \"\""], body)
    }

    /// Puts texts into the database that mesos-compose uses.
    func hold(_ values: [String: String]) async throws {
        try await ask { connection in
            for (key, value) in values { _ = try await connection.call("SET", key, value) }
        }
    }

    func forgetCommands() async throws {
        try await ask { _ = try await $0.call("CONFIG", "RESETSTAT") }
    }

    /// How often each command was called since.
    func commands() async throws -> [String: Int] {
        var text = ""
        try await ask { text = try await $0.call("INFO", "commandstats").content ?? "" }
        var calls: [String: Int] = [:]
        for match in text.matches(of: /cmdstat_([a-z|]+):calls=(\d+)/) {
            calls[String(match.output.1)] = Int(match.output.2)
        }
        return calls
    }

    private func ask(_ body: (inout RedisConnection) async throws -> Void) async throws {
        var connection = try await RedisConnection(.tcp(host: "127.0.0.1", port: port))
        defer { connection.close() }
        try await connection.authenticate(password: "hush")
        _ = try await connection.call("SELECT", "1")
        try await body(&connection)
    }
}
