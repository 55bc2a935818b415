import Engine
import Migration

extension StepContext {
    /// The framework of the old color that a service belongs to, where it answered when the plan was made though the color as
    /// a whole does not.
    func answeringFramework(of service: ServiceID) async throws(Failure) -> (any Cluster)? {
        guard plan.unreachable != nil else { return nil }
        return try await cluster(of: direction.old).frameworks.first { $0.source?.owns(service) ?? true }?.cluster
    }
}
