import Engine
import Migration

extension StepContext {
    /// Asked after the last acts of a run: a load balancer may have lost what was set while the old color was taken down, and
    /// once the run is done no one puts that right.
    func awaitCarried() async throws(Failure) {
        let traffic = await traffic
        try await poll { () async throws(Failure) in
            let observation = try await traffic.observe()
            guard try await keepTraffic(observation) else { return "weights that drifted to be restored" }
            return try await traffic.uncarried(observation)
        }
    }
}
