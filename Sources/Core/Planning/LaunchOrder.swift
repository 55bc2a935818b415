import Migration

/// Which services need which others, and the order that follows from it.
struct LaunchOrder {
    /// The services that each one needs: those it names, and those inside the groups it names. A dependency on
    /// something that does not exist is none, as in Marathon.
    let needed: [ServiceID: [ServiceID]]
    private let services: [Service]

    init(_ services: [Service]) {
        self.services = services
        let ids = services.map(\.id)
        let known = Set(ids)
        needed = Dictionary(
            services.map { service in
                let all = service.dependencies.flatMap { dependency in
                    known.contains(dependency) ? [dependency] : ids.filter { $0.text.hasPrefix(dependency.text + "/") }
                }
                return (service.id, Set(all).subtracting([service.id]).sorted())
            }, uniquingKeysWith: { first, _ in first })
    }

    /// The services with their layers, those that others need first.
    ///
    /// - Throws: `Failure` that names the services of a circle of dependencies.
    func planned() throws(Failure) -> [PlannedService] {
        var layers: [ServiceID: Int] = [:]
        var remaining = Set(needed.keys)
        while !remaining.isEmpty {
            let free = remaining.filter { needed[$0, default: []].allSatisfy { layers[$0] != nil } }
            guard !free.isEmpty else { throw circle(in: remaining) }
            for id in free { layers[id] = 1 + (needed[id, default: []].compactMap { layers[$0] }.max() ?? 0) }
            remaining.subtract(free)
        }
        return services.map { service in
            PlannedService(
                id: service.id, instances: service.instances, mode: service.mode, layer: layers[service.id] ?? 1,
                changes: service.changes)
        }.sorted { ($0.layer, $0.id) < ($1.layer, $1.id) }
    }

    /// Each of these needs another of these, so that walking along ends up where it was before.
    private func circle(in remaining: Set<ServiceID>) -> Failure {
        var walk: [ServiceID] = []
        var next = remaining.min()
        while let id = next, !walk.contains(id) {
            walk.append(id)
            next = needed[id, default: []].first { remaining.contains($0) }
        }
        let circle = next.map { walk.drop { $0 != next } + [$0] } ?? walk[...]
        return Failure(
            "Services depend on each other in a circle", details: [circle.map(\.text).joined(separator: " → ")],
            advice: "Take one of these dependencies out of its definition.")
    }
}
