import Engine
import Migration
import Planning

/// How the services of the new color compare with those of the old one, which go on changing while a run is under way.
struct Parity {
    /// What the new color must have, by what the old one has now.
    let desired: DesiredServices
    /// What the new color has to change. Services that only it has count if the plan brought them there.
    let delta: ServiceDelta
    /// Every service of the new color.
    let found: [Service]

    static func observe(_ context: StepContext) async throws(Failure) -> Parity {
        try await observe(context, old: try await OldServices(context).observe())
    }

    /// - Parameter services: what the old color has, every service of it.
    static func observe(_ context: StepContext, old services: [Service]) async throws(Failure) -> Parity {
        let old = try await context.cluster(of: context.direction.old)
        let session = try await context.session(of: context.direction.new)
        let new = try session.cluster()
        let desired = try DesiredServices(
            of: services, on: old, rules: context.environment.services, inventory: session.inventory)
        let planned = Set(context.plan.services.map(\.id))
        let found = try await new.observeServices()
        let delta = try desired.delta(from: found, on: new) { planned.contains($0) }
        return Parity(desired: desired, delta: delta, found: found)
    }

    /// Services that the new color lacks.
    var missing: [ServiceID] { delta.entries.filter { $0.changes.contains(.added) }.map(\.service) }
}
