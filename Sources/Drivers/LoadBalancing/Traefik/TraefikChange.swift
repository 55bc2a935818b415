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

    /// The file after the changes.
    ///
    /// - Throws: `Failure` for what Traefik can't do.
    func file(with epoch: EpochEntry) throws(Failure) -> TraefikFile {
        var file = file
        file.note.epoch = epoch
        // Whoever got weight from someone else is in service again.
        for service in file.names {
            for child in file.children(of: service) ?? [] where child.weight > 0 {
                file.note.resting["\(service)/\(child.name)"] = nil
            }
        }
        let groups = try GroupChanges(changes, on: name, words: TraefikChange.words)
        for (key, wanted) in groups.all { try set(wanted, key, in: &file, groups) }
        return file
    }

    private static let words = GroupChanges.Words(
        product: "Traefik", group: "child of a weighted service", list: "its configuration",
        removal: "Take the server out of its child, in the file that holds it.")

    private func set(
        _ wanted: GroupChanges.Wanted, _ key: GroupChanges.Key, in file: inout TraefikFile, _ groups: GroupChanges
    ) throws(Failure) {
        guard let child = look.report.weighted[key.backend]?.children.first(where: { $0.name == key.group }),
            let pool = look.report.pool(key.group, of: key.backend)
        else {
            throw Failure(
                "\(name) has no server \(key.backend)/\(key.group)",
                advice: "See which services Traefik has: its API shows them under /api/http/services.", kind: .refused)
        }
        let resting = look.resting(child, of: key.backend)
        let administration = wanted.administration ?? resting?.administration ?? .ready
        try groups.refuseParts(wanted, of: key, with: pool.urls.map { "\(key.group)/\($0)" })
        let weight = wanted.weight ?? resting?.weight ?? child.weight
        file.note.resting["\(key.backend)/\(key.group)"] =
            administration == .ready ? nil : Resting(administration: administration, weight: weight)
        guard file.set(administration == .ready ? weight : 0, of: key.group, in: key.backend) else {
            throw Failure(
                "\(name): its file does not hold \(key.backend)", at: "\(key.backend)/\(key.group)",
                advice: TraefikObstacles.ofItsOwn, kind: .refused)
        }
    }
}
