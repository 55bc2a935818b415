import Engine
import Migration
import Planning

/// Copies again what changed in the old color since it was copied: a new version, another scale, a service that came or
/// went. Only as long as the new color carries no traffic.
struct CatchUp {
    private let context: StepContext

    init(_ context: StepContext) { self.context = context }

    /// How often services that go on changing are followed.
    private static let rounds = 3

    /// - Returns: what both colors have now.
    /// - Throws: `Failure` when a change can't be followed, or does not come to an end.
    func perform() async throws(Failure) -> DesiredServices {
        for _ in 0..<CatchUp.rounds {
            let parity = try await Parity.observe(context)
            if parity.delta.isEmpty { return parity.desired }
            try await refuseWhatNeedsAPlan(parity)
            try await context.intend("copy again what changed: \(parity.delta.sentences.joined(separator: ", "))")
            for entry in parity.delta.entries { try await follow(entry.service, parity.desired[entry.service]?.wanted) }
            try await awaitReady(parity.delta.entries.map(\.service).filter { parity.desired[$0] != nil })
        }
        let delta = try await Parity.observe(context).delta
        throw Failure(
            "The services of \(context.direction.new) are not those of \(context.direction.old)",
            details: delta.sentences,
            advice: "They change faster than they can be copied. Let them rest, then: rz resume.", kind: .transient)
    }

    private func follow(_ id: ServiceID, _ wanted: Service?) async throws(Failure) {
        let cluster = try await context.cluster(of: context.direction.new)
        try await context.fence.act { () async throws(Failure) in
            guard let wanted else { return try await cluster.stop(id) }
            try await cluster.launch(wanted, suspended: wanted.mode.isSingleton)
        }
    }

    private func awaitReady(_ ids: [ServiceID]) async throws(Failure) {
        let cluster = try await context.cluster(of: context.direction.new)
        try await context.poll { () async throws(Failure) -> String? in
            let health = try await cluster.observeHealth(ids)
            for id in ids {
                guard let known = health[id] else { return "\(id) to appear" }
                if !known.isReady { return "\(id): \(known.description)" }
            }
            return nil
        }
    }

    /// A singleton is handed over by a step of its own, and one that is bound to the old color is for an
    /// operator to judge: both need a new plan.
    private func refuseWhatNeedsAPlan(_ parity: Parity) async throws(Failure) {
        let planned = Set(context.plan.services.map(\.id))
        var reasons = parity.desired.staying.filter { planned.contains($0.id) && isUncovered($0.id) }
            .map { "\($0.id): no longer moves: \($0.reason)" }
        for entry in parity.delta.entries {
            let id = entry.service
            let wasSingleton = context.plan.services.first { $0.id == id }?.mode.isSingleton ?? false
            if wasSingleton != (parity.desired[id]?.wanted.mode.isSingleton ?? false) {
                reasons.append("\(id): what may run in one color only came, went or changed its mode")
            }
        }
        reasons += try parity.desired.obstacles(
            of: parity.delta.entries.compactMap { parity.desired[$0.service] }, in: try await context.placement())
        for entry in parity.delta.entries {
            if let wanted = parity.desired[entry.service]?.wanted { reasons += try await context.forbidden(wanted) }
        }
        guard reasons.isEmpty else {
            throw Failure(
                "Services of \(context.direction.old) changed in a way that this plan does not cover", details: reasons,
                advice: "Take it back there, then: rz resume. Or begin again with a plan that covers it: rz rollback.",
                kind: .refused)
        }
    }

    /// `services.ignore` of a later commit may name it; its own mode may not take it out of the run.
    private func isUncovered(_ id: ServiceID) -> Bool { context.environment.services.ignoring(id) == nil }
}
