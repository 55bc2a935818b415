import JSON
import Migration
import Transport
import Trust

/// The records of tasks in the Redis of mesos-compose, read only. They hold secrets in clear: no failure shows a value.
///
/// Source: Redis protocol specification (RESP2); only AUTH, SELECT, SCAN and GET are sent.
struct RedisRecords: Sendable {
    private let address: SocketAddress
    private let tls: TLSAccess
    /// Whether it is called over TLS.
    private let isSecure: Bool
    private let password: String?
    private let database: Int

    init(
        _ source: ServiceSource.Redis, inventory: Inventory, resolver: @escaping Resolver
    ) throws(Failure) {
        let text = try inventory.fill(source.address, resolver)
        isSecure = source.tls != nil
        tls = TLSAccess(source.tls, at: "services.sources[].compose.redis", inventory: inventory, resolver: resolver)
        guard let address = SocketAddress("tcp:" + text) else {
            throw Failure(
                "“\(text)” is not the address of a Redis", at: "services.sources", advice: "Write it as host:port.")
        }
        self.address = address
        password = try source.password.map(resolver)
        database = source.database
    }

    /// Every record of a task. What the framework keeps of itself, passwords among it, is not asked for.
    func tasks() async throws(Failure) -> [ComposeTask] {
        do {
            var connection = try await RedisConnection(address, tls: isSecure ? try tls.options() : nil)
            defer { connection.close() }
            if let password { try await connection.authenticate(password: password) }
            _ = try await connection.call("SELECT", String(database))
            var tasks: [ComposeTask] = []
            for key in try await connection.keys(matching: "*:*").sorted() where !isOfFramework(key) {
                guard case .text(let value?) = try await connection.call("GET", key),
                    let json = try? JSON(parsing: value), json["TaskID"]?.string?.isEmpty == false
                else { continue }
                tasks.append(ComposeTask(json: json))
            }
            return tasks
        } catch let error as TransportError {
            throw Failure(error, calling: "Redis", at: address.description, tls: tls)
        } catch let failure as Failure {
            throw failure
        } catch let error as RedisError {
            throw Failure(
                error, calling: "Redis", at: address.description, settings: "services.sources[].compose.redis")
        } catch {
            throw Failure("Redis can't be read", at: address.description)
        }
    }

    /// Below its name, which need not be the prefix of its tasks.
    private func isOfFramework(_ key: String) -> Bool {
        key.wholeMatch(of: /[^:]*:framework(_config)?/) != nil
    }
}
