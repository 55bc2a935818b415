import Migration

/// Changes of servers as changes of the groups that they belong to, where a load balancer weighs groups: children of a
/// weighted service, or target groups. A server is named `GROUP/SERVER`.
struct GroupChanges {
    struct Key: Hashable, Comparable {
        var backend: String
        var group: String

        static func < (left: Key, right: Key) -> Bool {
            (left.backend, left.group) < (right.backend, right.group)
        }
    }

    /// What a group is to be, and which of its servers were named for it.
    struct Wanted {
        var weight: Int?
        var administration: ServerState.Administration?
        var named: Set<String> = []
    }

    /// What a kind of load balancer calls itself and its groups.
    struct Words {
        /// `Traefik`.
        var product: String
        /// `child of a weighted service`.
        var group: String
        /// Where its servers are listed.
        var list: String
        /// How a person takes one server out of a group.
        var removal: String
    }

    let all: [(key: Key, wanted: Wanted)]
    private let name: LoadBalancerID
    private let words: Words

    /// - Throws: `Failure` for what such a load balancer can't do.
    init(_ changes: [ServerChange], on name: LoadBalancerID, words: Words) throws(Failure) {
        self.name = name
        self.words = words
        var all: [Key: Wanted] = [:]
        for change in changes {
            guard let slash = change.server.firstIndex(of: "/") else {
                throw Failure("\(name) has no server \(change.backend)/\(change.server)", kind: .refused)
            }
            let key = Key(backend: change.backend, group: String(change.server[..<slash]))
            let place = "\(key.backend)/\(key.group)"
            switch change.change {
            case .weight(let weight):
                if let other = all[key]?.weight, other != weight {
                    throw Failure(
                        "\(name): servers of one \(words.group) can't have different weights", at: place,
                        details: ["\(other) and \(weight)"], kind: .refused)
                }
                all[key, default: Wanted()].weight = weight
            case .administration(let administration):
                all[key, default: Wanted()].administration = administration
                all[key, default: Wanted()].named.insert(change.server)
            case .add, .remove:
                throw Failure(
                    "\(name): servers of \(words.product) stand in \(words.list)", at: place,
                    advice: "Write a pattern under `traffic` in place of `from`.", kind: .refused)
            // Nothing waits there.
            case .takeQueue: continue
            case .shutdownSessions:
                throw Failure(
                    "\(name): \(words.product) can't end the sessions of a server", at: place,
                    advice: "They end with the servers, or when users leave.", kind: .refused)
            }
        }
        self.all = all.sorted { $0.key < $1.key }.map { (key: $0.key, wanted: $0.value) }
    }

    /// - Parameter servers: all of the group, as they are named.
    /// - Throws: `Failure` where only some of them are to be taken out or put back.
    func refuseParts(_ wanted: Wanted, of key: Key, with servers: [String]) throws(Failure) {
        guard wanted.administration != nil else { return }
        let left = servers.filter { !wanted.named.contains($0) }
        guard !left.isEmpty else { return }
        throw Failure(
            "\(name): \(words.product) takes a whole \(words.group) out of service, not a single server",
            at: "\(key.backend)/\(key.group)", details: left.map { "\($0) was not named" }, advice: words.removal,
            kind: .refused)
    }
}
