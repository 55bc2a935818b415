import Migration
import Transport

/// What of a Redis would spoil a move.
extension TraefikRedis {
    func obstacles(_ report: TraefikReport) async -> (all: [Obstacle], held: TraefikHoldings?) {
        do throws(Failure) {
            return try await reading { connection in
                let keys = try await keys(&connection)
                let values = try await connection.values(of: keys.read)
                let held = try holdings(keys, values)
                var found = ofKeys(keys, held, report)
                if held != nil { try await tryWriting(keys.weights(values), &connection) }
                found += try await ofRole(&connection) + ofEvents(&connection) + ofData(&connection)
                return (found, held)
            }
        } catch {
            return ([Obstacle(error)], nil)
        }
    }

    private func ofKeys(_ keys: TraefikKeys, _ held: TraefikHoldings?, _ report: TraefikReport) -> [Obstacle] {
        let missing = keys.missing(from: report)
        if let first = missing.first {
            let more = missing.count == 1 ? "" : " and \(missing.count - 1) others"
            return [
                blocking(
                    "Traefik serves what is no longer in its Redis, and would forget it with the next write: no key is left "
                        + "of \(first)\(more). Write all keys back in one MSET.")
            ]
        }
        return held == nil
            ? [blocking("has no weights of \(services.sorted().joined(separator: ", ")). \(words.ofItsOwn)")] : []
    }

    /// Whether rz may write, without doing it: what a Redis would refuse, it refuses when it queues the command.
    private func tryWriting(
        _ weights: [(key: String, value: String)], _ connection: inout RedisConnection
    ) async throws {
        let key = weights.first?.key ?? "\(root)/http/middlewares/\(TraefikNote.middleware(environment))"
        _ = try await connection.call("WATCH", key)
        _ = try await connection.call("MULTI")
        _ = try await connection.call("MSET", key, weights.first?.value ?? "")
        _ = try await connection.call("DEL", key)
        _ = try await connection.call("DISCARD")
    }

    private func ofRole(_ connection: inout RedisConnection) async throws -> [Obstacle] {
        guard let information = try await answer(["INFO", "replication"], &connection)?.content,
            information.contains("role:slave")
        else { return [] }
        return [blocking("is a replica: what is written there is lost. Name the primary as its `address`.")]
    }

    /// Without them Traefik never learns of a change.
    private func ofEvents(_ connection: inout RedisConnection) async throws -> [Obstacle] {
        let remedy = "Run \(TraefikRedis.eventsOn), and write `notify-keyspace-events AKE` into redis.conf."
        guard let pair = try await answer(["CONFIG", "GET", "notify-keyspace-events"], &connection)?.elements,
            pair.count == 2, let classes = pair[1].content
        else {
            return [
                warning(
                    "does not let rz see whether it reports changes of keys: see that `notify-keyspace-events AKE` stands in "
                        + "its redis.conf, or Traefik gets no change after a restart of Redis")
            ]
        }
        guard classes.contains("K"), classes.contains("A") || (classes.contains("$") && classes.contains("g")) else {
            return [
                blocking(
                    "does not report changes of keys, as after a restart without them in its configuration: Traefik would "
                        + "serve none. \(remedy)")
            ]
        }
        return []
    }

    private func ofData(_ connection: inout RedisConnection) async throws -> [Obstacle] {
        var found: [Obstacle] = []
        let information = try await answer(["INFO"], &connection)?.content ?? ""
        let save = try await answer(["CONFIG", "GET", "save"], &connection)?.elements
        if information.contains("aof_enabled:0"), save?.last?.content == "" {
            found.append(
                warning(
                    "keeps nothing on disk: after a restart of it, Traefik serves its configuration until its own restart or "
                        + "the first write. Set `appendonly yes`."))
        }
        if information.contains("maxmemory_policy:allkeys"), !information.contains("maxmemory:0\r") {
            found.append(
                warning(
                    "may drop keys of Traefik's configuration when its memory is full: set `maxmemory-policy noeviction`"
                ))
        }
        return found
    }

    /// Nil for what a user has no right to, or a Redis has taken away.
    private func answer(_ words: [String], _ connection: inout RedisConnection) async throws -> RedisReply? {
        do { return try await connection.call(words) } catch is RedisError { return nil }
    }

    private func blocking(_ text: String) -> Obstacle { Obstacle("\(name): \(place) \(text)", isBlocking: true) }
    private func warning(_ text: String) -> Obstacle { Obstacle("\(name): \(place) \(text)", isBlocking: false) }
}
