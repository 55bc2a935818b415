import Migration
import Transport

extension Failure {
    /// What a Redis refused.
    ///
    /// - Parameters:
    ///   - system: who was called, for people: `edge-3's Redis`.
    ///   - place: its address.
    ///   - settings: where its user and password are set, for people.
    public init(_ error: RedisError, calling system: String, at place: String, settings: String) {
        let (summary, advice, kind) = RedisWords(error, settings: settings).all
        self.init("\(system) \(summary)", at: place, details: [error.message], advice: advice, kind: kind)
    }
}

/// Refusals of a Redis, by their first word.
///
/// Source: Redis' source, `server.c` and `acl.c` of 7.0: the shared error replies.
private struct RedisWords {
    let all: (summary: String, advice: String?, kind: Failure.Kind)

    init(_ error: RedisError, settings: String) {
        all =
            switch error.code {
            case "NOAUTH": ("requires authentication", "Set `user` and `password` at \(settings).", .permanent)
            case "WRONGPASS":
                ("rejected the user or the password", "Correct `user` and `password` at \(settings).", .permanent)
            case "NOPERM":
                ("does not let this user do that", "Give the user the rights that docs/security.md lists.", .permanent)
            case "LOADING": ("is still loading its data", "Wait until it has.", .transient)
            case "READONLY":
                (
                    "is a replica that takes no writes",
                    "Name the primary as its `address` at \(settings), also after a failover.", .permanent
                )
            case "MASTERDOWN":
                ("is a replica without its primary", "Name the primary as its `address` at \(settings).", .transient)
            case "MISCONF":
                ("takes no writes, as it can't save its data", "See its log and the room on its disk.", .permanent)
            case "OOM": ("has no memory left for writes", "Raise its `maxmemory`, or make room.", .permanent)
            case "NOREPLICAS": ("takes no writes, as its replicas are away", "See its replicas.", .transient)
            case "MOVED", "CROSSSLOT", "CLUSTERDOWN", "ASK":
                (
                    "is a cluster, which Traefik can't read either", "Use a single Redis, or one with replicas.",
                    .permanent
                )
            case "BUSY", "TRYAGAIN": ("is busy", "See what it does: SLOWLOG GET.", .transient)
            default: ("refuses", nil, .permanent)
            }
    }
}
