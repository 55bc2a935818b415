import Migration

/// Holds an environment's lock while work is done, and releases it whatever comes of the work.
enum LockedRun {
    static func hold(
        _ leases: any LeaseStore, purpose: String, _ work: (RunLease) async throws -> ExitStatus
    ) async throws -> ExitStatus {
        let lease = try await leases.acquire(purpose: purpose, at: SystemClock().now)
        do {
            let status = try await work(lease)
            try? await leases.release(lease)
            return status
        } catch {
            try? await leases.release(lease)
            throw error
        }
    }
}
