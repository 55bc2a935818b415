import Engine
import Migration

/// Proves that no load balancer sends users to a color whose servers may be replaced (invariant I12).
struct NoUsers: Sendable {
    private let context: StepContext

    init(_ context: StepContext) { self.context = context }

    /// Asks every load balancer now; one that does not answer proves nothing, and is a failure.
    func demand() async throws(Failure) {
        let color = context.color
        let states = try await context.drivers.observeLoadBalancers()
        let serving = serversInUse(of: color, states, context.environment.traffic)
        guard serving.isEmpty else {
            throw Failure(
                "\(color) may have users, so none of its servers is built or replaced",
                details: Array(serving.prefix(20)),
                advice:
                    "Move its traffic away with `rz update \(context.environment.name)`, or take its servers out by "
                    + "hand; then: rz resume \(context.environment.name)", kind: .refused)
        }
    }
}
