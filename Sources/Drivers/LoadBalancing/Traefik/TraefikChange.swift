import Migration

/// Changes of servers as changes of the children that they belong to.
struct TraefikChange {
    private let changes: [ServerChange]
    private let look: TraefikLook
    private let file: TraefikFile
    private let name: LoadBalancerID

    init(_ changes: [ServerChange], look: TraefikLook, file: TraefikFile, on name: LoadBalancerID) {
        self.changes = changes
        self.look = look
        self.file = file
        self.name = name
    }

    private struct Key: Hashable {
        var backend: String
        var child: String
    }

    /// What a child is to be, and which of its servers were named for it.
    private struct Wanted {
        var weight: Int?
        var administration: ServerState.Administration?
        var named: Set<String> = []
    }

    /// The file after the changes.
    ///
    /// - Throws: `Failure` for what Traefik can't do.
    func file(with epoch: EpochMap.Entry) throws(Failure) -> TraefikFile {
        var file = file
        file.note.epoch = epoch
        // Whoever got weight from someone else is in service again.
        for service in file.names {
            for child in file.children(of: service) ?? [] where child.weight > 0 {
                file.note.resting["\(service)/\(child.name)"] = nil
            }
        }
        for (key, wanted) in try wanted().sorted(by: { ($0.key.backend, $0.key.child) < ($1.key.backend, $1.key.child) }
        ) {
            try set(wanted, key, in: &file)
        }
        return file
    }

    private func wanted() throws(Failure) -> [Key: Wanted] {
        var all: [Key: Wanted] = [:]
        for change in changes {
            guard let slash = change.server.firstIndex(of: "/") else { throw unknown(change) }
            let key = Key(backend: change.backend, child: String(change.server[..<slash]))
            switch change.change {
            case .weight(let weight):
                if let other = all[key]?.weight, other != weight {
                    throw Failure(
                        "\(name): servers of one child of a weighted service can't have different weights",
                        at: "\(key.backend)/\(key.child)", details: ["\(other) and \(weight)"], kind: .refused)
                }
                all[key, default: Wanted()].weight = weight
            case .administration(let administration):
                all[key, default: Wanted()].administration = administration
                all[key, default: Wanted()].named.insert(change.server)
            case .add, .remove:
                throw Failure(
                    "\(name): servers of a Traefik stand in its configuration", at: "\(key.backend)/\(key.child)",
                    advice: "Write a pattern under `traffic` in place of `from`.", kind: .refused)
            // Nothing waits in Traefik.
            case .takeQueue: continue
            case .shutdownSessions:
                throw Failure(
                    "\(name): Traefik can't end the sessions of a service", at: "\(key.backend)/\(key.child)",
                    advice: "They end with the servers, or when users leave.", kind: .refused)
            }
        }
        return all
    }

    private func set(_ wanted: Wanted, _ key: Key, in file: inout TraefikFile) throws(Failure) {
        guard let child = look.report.weighted[key.backend]?.children.first(where: { $0.name == key.child }),
            let pool = look.report.pool(key.child, of: key.backend)
        else { throw unknown(ServerChange(backend: key.backend, server: key.child, change: .takeQueue)) }
        let resting = look.resting(child, of: key.backend)
        let administration = wanted.administration ?? resting?.administration ?? .ready
        if wanted.administration != nil {
            let left = pool.urls.filter { !wanted.named.contains("\(key.child)/\($0)") }
            guard left.isEmpty else {
                throw Failure(
                    "\(name): Traefik takes a whole child of a weighted service out of service, not a single server",
                    at: "\(key.backend)/\(key.child)", details: left.map { "\($0) was not named" },
                    advice: "Take the server out of `\(key.child)`, in the file that holds it.", kind: .refused)
            }
        }
        let weight = wanted.weight ?? resting?.weight ?? child.weight
        file.note.resting["\(key.backend)/\(key.child)"] =
            administration == .ready ? nil : TraefikFile.Resting(administration: administration, weight: weight)
        guard file.set(administration == .ready ? weight : 0, of: key.child, in: key.backend) else {
            throw Failure(
                "\(name): its file does not hold \(key.backend)", at: "\(key.backend)/\(key.child)",
                advice: TraefikObstacles.ofItsOwn, kind: .refused)
        }
    }

    private func unknown(_ change: ServerChange) -> Failure {
        Failure(
            "\(name) has no server \(change.backend)/\(change.server)",
            advice: "See which services Traefik has: its API shows them under /api/http/services.", kind: .refused)
    }
}
