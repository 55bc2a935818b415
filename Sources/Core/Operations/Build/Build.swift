import Migration
import Planning

extension Operation {
    /// Builds a color that no user is on: the first one of a data centre, or the other one ahead of its update.
    /// Load balancers are only read.
    package static let build = Operation(
        name: "build",
        phases: [Phase(.preflight), Phase(.standUp), Phase(.configure), Phase(.platformGate)],
        compensations: [.undoSteps],
        steps: [BuildChecksStep(), DisksStep(), ServersStep(), ConfigurationStep(), PlatformStep()],
        words: OperationWords(
            title: { "build \($0.direction.new)" },
            heading: { plan in
                let count = plan.world.servers[plan.direction.new]?.count ?? 0
                return "\(plan.direction.new): \(count == 0 ? "no servers" : Wording.count(count, "server"))"
            },
            done: { plan, _ in "\(plan.direction.new) is built, and carries no traffic" },
            aborted: { "what was built of \($0.direction.new) stays up" },
            rolledBack: { plan, end in end(plan.direction.new) },
            isSaved: false, afterwards: { _ in nil }),
        problems: { _, _ in [] },
        observe: { observer, source, request throws(Failure) in
            guard let color = request.color else {
                throw Failure("No color to build is named", advice: "Name it: --color blue", kind: .refused)
            }
            return try await observer.observeBuild(of: color, source)
        })
}
