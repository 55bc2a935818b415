/// Where a health check is to look.
struct ProbeTarget: Sendable {
    let check: HealthCheck
    let hostname: String
    let port: Int?
    let environment: [String: String]
}

/// Runs one health check once.
protocol HealthProbe: Sendable {
    /// - Returns: nil when the task is alive, else why it is not.
    func failure(of target: ProbeTarget) async -> String?
}
