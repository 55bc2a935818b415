import Migration

/// What speaks against services that were observed being all that there are (invariant I12).
struct SourceDoubts {
    let rules: ServiceRules
    let live: Color
    let lastRun: LastRun?

    /// - Parameter doubts: why the sources may report less than there is, as they say themselves.
    func obstacles(of services: ServiceObservation, _ doubts: [String]) -> [Obstacle] {
        let found = Set(services.moving.map(\.id) + services.ignored.map(\.id))
        let empty = rules.sources.filter { source in !found.contains(where: source.owns) }
        return doubts.map { Obstacle("\(live): \($0)", isBlocking: true) }
            + empty.map { Obstacle("\(live): \($0.name) reports no service", isBlocking: false) }
            + absent(services.absent) + shrunk(found) + movesNothing(services)
    }

    private func absent(_ services: [ServiceID]) -> [Obstacle] {
        guard !services.isEmpty else { return [] }
        let more = services.count > 5 ? " and \(services.count - 5) more" : ""
        let names = services.prefix(5).map(\.text).joined(separator: ", ") + more
        return [Obstacle("\(live): nothing runs of \(names), which files declare: it does not move", isBlocking: false)]
    }

    /// People may remove a few services between two runs; many, or all, are more likely to be forgotten.
    private func shrunk(_ found: Set<ServiceID>) -> [Obstacle] {
        guard let lastRun, lastRun.live == live else { return [] }
        return rules.shrinkages(before: lastRun.services, now: found).map { shrinkage in
            Obstacle(
                "\(live): \(shrinkage.description), says \(lastRun.run)"
                    + (shrinkage.isSmall
                        ? ""
                        : "; \(Shrinkage.likelyCauses). If people removed these, name them in `services.ignore`"),
                isBlocking: !shrinkage.isSmall)
        }
    }

    /// All users would be moved to a color where nothing runs.
    private func movesNothing(_ services: ServiceObservation) -> [Obstacle] {
        guard services.moving.isEmpty, !rules.sources.isEmpty, !rules.ignore.contains("*") else { return [] }
        let names = rules.sources.map(\.name).joined(separator: ", ")
        return [
            Obstacle(
                "\(live) carries the traffic, and no service of \(names) would move; \(Shrinkage.likelyCauses). If "
                    + "none is to move, say so: `services.ignore: [ \"*\" ]`", isBlocking: true)
        ]
    }
}
