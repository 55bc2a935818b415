import Migration
import Transport
import Trust

extension ProbeRunner {
    /// Asks a Redis what it says of itself. Only AUTH, INFO and CONFIG GET are sent.
    func askRedis(
        _ redis: Probe.Redis, _ inventory: Inventory, _ other: Inventory, _ probe: Probe, _ tls: TLSAccess
    ) async throws(Failure) -> GateSample {
        let address = try address(redis.address, inventory)
        let password = try redis.password.map { setting throws(Failure) in try text(setting, inventory) }
        let place = address.hostAndPort
        do {
            var connection = try await RedisConnection(
                address, tls: probe.tls == nil ? nil : try tls.options(), deadline: probe.timeout.duration,
                limit: probe.timeout.duration)
            defer { connection.close() }
            if let password { try await connection.authenticate(password: password) }
            let condition = try await RedisCondition(
                information: connection.call("INFO").content ?? "", snapshots: snapshots(&connection))
            let (verdict, message) = condition.judge(redis, ofOther: other.holds)
            return sample(place, verdict, "Redis \(place) \(message)")
        } catch let error as TransportError {
            return sample(
                place, verdict(of: error),
                "Redis \(place) does not answer: \(error.message). Start it, or correct its address")
        } catch let error as RedisError {
            let (verdict, message) = RedisCondition.refusal(error)
            return sample(place, verdict, "Redis \(place) \(message)")
        } catch {
            return sample(place, .inconclusive, "Redis \(place) could not be asked")
        }
    }

    /// When it takes snapshots; empty for never, nil where it does not report.
    private func snapshots(_ connection: inout RedisConnection) async throws -> String? {
        do {
            guard case .list(let pair) = try await connection.call("CONFIG", "GET", "save"), pair.count == 2 else {
                return nil
            }
            return pair[1].content
        } catch is RedisError {
            // Many a Redis has CONFIG renamed or taken away.
            return nil
        }
    }
}

/// What a Redis says of itself.
///
/// Source: Redis documentation, INFO (sections persistence and replication) and CONFIG GET.
struct RedisCondition {
    private let information: [String: String]
    private let snapshots: String?

    /// - Parameter information: the answer to INFO, lines of `key:value`.
    init(information: String, snapshots: String?) {
        var fields: [String: String] = [:]
        for line in information.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[String(line[..<colon])] = String(line[line.index(after: colon)...])
        }
        self.information = fields
        self.snapshots = snapshots
    }

    /// - Parameter isOld: whether a server of the old color stands at an address.
    func judge(_ wanted: Probe.Redis, ofOther isOld: (String) -> Bool) -> (Verdict, String) {
        guard let role = information["role"] else {
            return (.inconclusive, "does not report its role: it may not be a Redis, or its user may not use INFO")
        }
        if information["loading"] == "1" { return (.fail, "is still loading its data") }
        if let fault = roleFault(role, wanted.role, isOld) { return (.fail, fault) }
        if wanted.withoutPersistence != nil { return (.pass, "answers as \(wanted.role.rawValue)") }
        return persistence(wanted.role)
    }

    private func roleFault(
        _ role: String, _ wanted: Probe.Redis.Role, _ isOld: (String) -> Bool
    ) -> String? {
        let master = information["master_host"] ?? ""
        switch (wanted, role) {
        case (.primary, "master"): return nil
        case (.primary, _):
            return "is a replica of \(master), so nothing can be written to it. Promote it, or say `role: replica`"
        case (.replica, "master"):
            return "is a primary. Make it a replica of its color's primary, or say `role: primary`"
        case (.replica, _):
            if isOld(master) {
                return "is a replica of \(master), a server of the old color: it ends with it. Let it follow a "
                    + "primary of its own color"
            }
            return information["master_link_status"] == "up"
                ? nil : "has no connection to its primary \(master). Start that, or correct `replicaof`"
        }
    }

    private func persistence(_ role: Probe.Redis.Role) -> (Verdict, String) {
        let advice = "See its log and the room on its disk"
        if information["aof_enabled"] == "1" {
            return information["aof_last_write_status"] ?? "ok" == "ok"
                ? (.pass, "answers as \(role.rawValue) and keeps an append-only file")
                : (.fail, "could not write its append-only file. \(advice)")
        }
        switch snapshots {
        case nil:
            return (
                .inconclusive,
                "keeps no append-only file, and does not report whether it takes snapshots (CONFIG GET save). Turn on "
                    + "`appendonly`, or say why it may lose its data: `persistence: { none: … }`"
            )
        case "":
            return (
                .fail,
                "keeps nothing on disk: a restart loses all it holds, mesos-compose's tasks with it. Set `appendonly "
                    + "yes` and a `dir` on a volume, or say why not: `persistence: { none: … }`"
            )
        default:
            return information["rdb_last_bgsave_status"] ?? "ok" == "ok"
                ? (.pass, "answers as \(role.rawValue) and takes snapshots")
                : (.fail, "could not write its last snapshot. \(advice)")
        }
    }

    static func refusal(_ error: RedisError) -> (Verdict, String) {
        switch error.code {
        case "LOADING": return (.fail, "is still loading its data")
        case "NOAUTH": return (.inconclusive, "requires a password: set `password`")
        case "WRONGPASS": return (.inconclusive, "rejected the password: correct `password`")
        default: return (.fail, "refused: \(error.message)")
        }
    }
}
