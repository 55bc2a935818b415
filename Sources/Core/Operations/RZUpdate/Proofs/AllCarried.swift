import Engine
import Migration

/// The wait until nothing is left to restore, and the new color carries everything.
extension StepContext {
    /// What a step waits for while a load balancer has lost what was set.
    static let restoring = "weights that drifted to be restored"

    /// Asked before the old color is taken out, as a load balancer may just have lost what was set; and after the last acts
    /// of a run: once it is done no one puts that right.
    func awaitCarried() async throws(Failure) {
        let traffic = await traffic
        try await poll { () async throws(Failure) in
            let observation = try await traffic.observe()
            guard try await keepTraffic(observation) else { return StepContext.restoring }
            return try await traffic.uncarried(observation)
        }
    }
}
