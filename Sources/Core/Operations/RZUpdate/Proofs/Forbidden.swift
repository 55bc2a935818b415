import Engine
import Migration

extension StepContext {
    /// What the environment's policies forbid of a definition that is about to be launched, one sentence each.
    ///
    /// The plan had nothing that blocks; a later commit, or a change of the old color, may bring it. Waivers count as of
    /// the plan: none ends half way.
    func forbidden(_ wanted: Service) async throws(Failure) -> [String] {
        guard let policies = environment.policies else { return [] }
        let containers = try await cluster(of: direction.old).containers(of: wanted)
        return policies.breaches(of: wanted.id, containers, now: plan.createdAt).filter(\.isBlocking).map(\.sentence)
    }
}
