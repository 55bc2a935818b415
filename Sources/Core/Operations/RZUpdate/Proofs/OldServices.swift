import Engine
import Migration

/// The old color's services, as far as what its sources tell can be believed (invariant I12).
///
/// A service of the plan that is not reported any more counts as removed only when `services.ignore` names it, or when
/// its source, asked twice some time apart, reports the others, says of this one that there is none, and Mesos runs no
/// task of it. Anything else is a source that answers with less than there is, and a failure.
struct OldServices {
    private let context: StepContext
    private var environment: Environment { context.environment }
    private var old: Color { context.direction.old }

    init(_ context: StepContext) { self.context = context }

    /// Between two looks that have to agree.
    private static let pause = Period.seconds(2)
    /// How many looks a source gets that reported less.
    private static let looks = 4

    /// - Returns: every service of the old color; of the plan's services only those are missing that are gone.
    /// - Throws: `Failure` that says what is missing, why that is not believed, and the likely causes.
    func observe() async throws(Failure) -> [Service] {
        let cluster = try await context.cluster(of: old)
        var services = try await cluster.observeServices()
        var before = shrinkages(services)
        guard !before.isEmpty else { return services }
        var doubts: [String] = []
        for _ in 1..<OldServices.looks {
            await context.wait(for: "\(old) to report what it reported before: " + sentences(before))
            try await context.pause(OldServices.pause)
            services = try await cluster.observeServices()
            let now = shrinkages(services)
            if now.isEmpty { return services }
            doubts = before == now ? try await self.doubts(now, services, cluster) : ["its answers differ"]
            if doubts.isEmpty { return services }
            before = now
        }
        throw failure(before, doubts)
    }

    /// The failure of a service that a source does not report, though the run needs it.
    static func missing(_ service: ServiceID, in color: Color, _ context: StepContext) -> Failure {
        Failure(
            "\(color) does not report \(service) any more", at: service.text, details: [Shrinkage.likelyCauses],
            advice: advice(context), kind: .transient)
    }

    private func shrinkages(_ services: [Service]) -> [Shrinkage] {
        environment.services.shrinkages(
            before: Set(context.plan.services.map(\.id)), now: Set(services.map(\.id)))
    }

    /// Why what is missing may still be there; empty when it is gone.
    private func doubts(
        _ shrinkages: [Shrinkage], _ services: [Service], _ cluster: any Cluster
    ) async throws(Failure) -> [String] {
        var doubts = try await cluster.observeDoubts()
        if let large = shrinkages.first(where: { !$0.isSmall }) {
            doubts.append("\(large.missing.count) of \(large.before) are more than people remove at once")
        }
        for id in shrinkages.flatMap(\.missing) {
            if try await cluster.observeService(id) != nil {
                doubts.append("\(id) is there when it is asked for alone")
            } else if try await cluster.observeHealth([id])[id] != nil {
                doubts.append("something of \(id) is still there")
            } else if context.plan.service(id)?.instances == 0 {
                doubts.append("\(id) has no task that Mesos could report")
            }
        }
        guard let agents = try await context.agents(of: old) else {
            return doubts + ["without `platform.mesos` no one but the source itself can report what runs"]
        }
        let known = services.map(\.id) + context.plan.ignored.map(\.id)
        return doubts + (try await agents.observeUnclaimed(besides: known, ignoring: environment.services.ignore))
    }

    private func failure(_ shrinkages: [Shrinkage], _ doubts: [String]) -> Failure {
        Failure(
            "\(old) reports fewer services than it runs, as far as is known", at: "the services of \(old)",
            details: shrinkages.map(\.description) + doubts + [Shrinkage.likelyCauses],
            advice: OldServices.advice(context), kind: .transient)
    }

    private static func advice(_ context: StepContext) -> String {
        let name = context.environment.name
        return
            "Bring the source back to what it reported before, then run: rz resume \(name). If people removed these, name "
            + "them in `services.ignore`, commit, then run: rz resume \(name) --commit HEAD"
            + (!context.plan.phases.has(.afterNoReturn, in: context.step.phase)
                ? ". Or go back: rz rollback \(name)" : "")
    }

    private func sentences(_ shrinkages: [Shrinkage]) -> String {
        shrinkages.map(\.description).joined(separator: "; ")
    }
}
