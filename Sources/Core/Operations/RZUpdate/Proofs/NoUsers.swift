import Engine
import Migration

/// Proves that no load balancer sends users to a color whose servers may be replaced or destroyed (invariant I12).
struct NoUsers: Sendable {
    private let context: StepContext

    init(_ context: StepContext) { self.context = context }

    /// Asks every load balancer now; one that does not answer proves nothing, and is a failure.
    ///
    /// - Parameter act: what is not done then, for people.
    func demand(_ act: String = "built or replaced") async throws(Failure) {
        try refuse(act, serving: try await context.drivers.observeLoadBalancers())
    }

    /// The same, where load balancers that did not answer when the plan was made may not exist yet.
    func demandOfKnown(_ act: String) async throws(Failure) {
        let known = Set(context.plan.world.backends.keys.map { $0.prefix { $0 != "/" } })
        var states: [LoadBalancerID: LoadBalancerState] = [:]
        for loadBalancer in context.drivers.loadBalancers {
            do throws(Failure) {
                states[loadBalancer.name] = try await loadBalancer.observe()
            } catch {
                if known.contains(loadBalancer.name.text[...]) { throw error }
            }
        }
        try refuse(act, serving: states)
    }

    private func refuse(
        _ act: String, serving states: [LoadBalancerID: LoadBalancerState]
    ) throws(Failure) {
        let color = context.color
        let serving = serversWithUsers(of: color, states, context.environment.traffic)
        guard serving.isEmpty else {
            throw Failure(
                "\(color) may have users, so none of its servers is \(act)",
                details: Array(serving.prefix(20)),
                advice:
                    "Move its traffic away with `rz update \(context.environment.name)`, or take its servers out by "
                    + "hand; then: rz resume \(context.environment.name)", kind: .refused)
        }
    }
}
