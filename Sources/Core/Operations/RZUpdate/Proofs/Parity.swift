import Engine
import Migration

/// How the services of the new color compare with those of the old one, which go on changing while a run is under way.
struct Parity {
    /// A service of the old color, and how the new one will have it.
    struct Pair {
        let old: Service
        let new: Service
    }

    /// The services that move, as they are now.
    let pairs: [Pair]
    /// What the new color has to change. Services that only it has count if the plan brought them there.
    let delta: ServiceDelta
    /// Every service of the new color.
    let found: [ServiceID]

    static func observe(_ context: StepContext) async throws(Failure) -> Parity {
        try await observe(context, old: try await OldServices(context).observe())
    }

    /// - Parameter services: what the old color has, every service of it.
    static func observe(_ context: StepContext, old services: [Service]) async throws(Failure) -> Parity {
        let old = try await context.cluster(of: context.direction.old)
        let inventory = try await context.inventory(of: context.direction.new)
        let new = try context.drivers.cluster(context.direction.new, inventory)
        let rules = context.environment.services
        var pairs: [Pair] = []
        for service in services where rules.ignoring(service.id) == nil {
            let wanted = try old.rewrite(service, overrides: rules.overrides, inventory: inventory)
            if wanted.mode.isMoved { pairs.append(Pair(old: service, new: wanted)) }
        }
        let ours = Set(pairs.map(\.old.id) + context.plan.services.map(\.id))
        let found = try await new.observeServices()
        let delta = try ServiceDelta(from: found.filter { ours.contains($0.id) }, to: pairs.map(\.new)) {
            found, wanted throws(Failure) in
            try new.differences(wanted, found)
        }
        return Parity(pairs: pairs, delta: delta, found: found.map(\.id))
    }

    func pair(_ id: ServiceID) -> Pair? { pairs.first { $0.old.id == id } }

    /// Services that the new color lacks.
    var missing: [ServiceID] { delta.entries.filter { $0.changes.contains(.added) }.map(\.service) }
}
