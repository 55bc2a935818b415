import Engine
import Migration

/// Copies again what changed in the old color since it was copied: a new version, another scale, a service that came or
/// went. Only as long as the new color carries no traffic.
struct CatchUp {
    private let context: StepContext

    init(_ context: StepContext) { self.context = context }

    /// How often services that go on changing are followed.
    private static let rounds = 3

    /// - Returns: the services that both colors have now.
    /// - Throws: `Failure` when a change can't be followed, or does not come to an end.
    func perform() async throws(Failure) -> [ServiceID] {
        for _ in 0..<CatchUp.rounds {
            let parity = try await Parity.observe(context)
            if parity.delta.isEmpty { return parity.pairs.map(\.old.id) }
            try await refuseWhatNeedsAPlan(parity)
            try await context.intend("copy again what changed: \(parity.delta.sentences.joined(separator: ", "))")
            for entry in parity.delta.entries { try await follow(entry.service, parity.pair(entry.service)?.new) }
            try await awaitReady(parity.delta.entries.map(\.service).filter { parity.pair($0) != nil })
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
        let placement = try await context.placement()
        let old = try await context.cluster(of: context.direction.old)
        var reasons: [String] = []
        for entry in parity.delta.entries {
            let id = entry.service
            let planned = context.plan.services.first { $0.id == id }
            let pair = parity.pair(id)
            let wasOnce = planned?.mode.isSingleton ?? false
            if wasOnce != (pair?.new.mode.isSingleton ?? false) {
                reasons.append("\(id): what may run in one color only came, went or changed its mode")
            }
            guard let pair else { continue }
            let findings = pair.new.answering(try old.judge(pair.old, rewritten: pair.new, in: placement))
            reasons += findings.filter { $0.judgement == .blocking }.map { "\(id) \($0.path): \($0.text)" }
        }
        guard reasons.isEmpty else {
            throw Failure(
                "Services of \(context.direction.old) changed in a way that this plan does not cover", details: reasons,
                advice: "Take it back there, then: rz resume. Or begin again with a plan that covers it: rz rollback.",
                kind: .refused)
        }
    }
}
