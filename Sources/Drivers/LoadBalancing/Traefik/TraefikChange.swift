import Migration

/// Changes of servers as changes of the children that they belong to.
struct TraefikChange {
    private let changes: [ServerChange]
    private let look: TraefikLook
    private let held: TraefikHoldings
    private let store: TraefikStoreWords
    private let name: LoadBalancerID

    init(
        _ changes: [ServerChange], look: TraefikLook, held: TraefikHoldings, in store: TraefikStoreWords,
        on name: LoadBalancerID
    ) {
        self.changes = changes
        self.look = look
        self.held = held
        self.store = store
        self.name = name
    }

    /// What is held after the changes.
    ///
    /// - Throws: `Failure` for what Traefik can't do.
    func holdings(with epoch: EpochEntry) throws(Failure) -> TraefikHoldings {
        var held = held
        held.note.epoch = epoch
        // Whoever got weight from someone else is in service again.
        for (service, children) in held.services {
            for child in children where child.weight > 0 { held.note.resting["\(service)/\(child.name)"] = nil }
        }
        let groups = try GroupChanges(changes, on: name, words: TraefikChange.words)
        for (key, wanted) in groups.all { try set(wanted, key, in: &held, groups) }
        return held
    }

    private static let words = GroupChanges.Words(
        product: "Traefik", group: "child of a weighted service", list: "its configuration",
        removal: "Take the server out of its child, in the file that holds it.")

    private func set(
        _ wanted: GroupChanges.Wanted, _ key: GroupChanges.Key, in held: inout TraefikHoldings, _ groups: GroupChanges
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
        held.note.resting["\(key.backend)/\(key.group)"] =
            administration == .ready ? nil : Resting(administration: administration, weight: weight)
        guard held.set(administration == .ready ? weight : 0, of: key.group, in: key.backend) else {
            throw Failure(
                "\(name): \(store.own) does not hold \(key.backend)", at: "\(key.backend)/\(key.group)",
                advice: store.ofItsOwn, kind: .refused)
        }
    }
}
