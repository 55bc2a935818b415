/// What plans left unsaid before phases were written into them (formats 1 and 2): there was one operation, the RZ
/// update. Frozen: journals in the field rest on it.
enum OlderPlan {
    static let operation = "rz-update"

    static let phases = [
        Phase("preflight"), Phase("standUp"), Phase("configure"), Phase("platformGate"), Phase("replicate"),
        Phase("serviceGate"), Phase("cutOver", [.ownsTraffic, .returnsTrafficOnFailure]),
        Phase("drain", [.ownsTraffic]), Phase("soak", [.ownsTraffic]),
        Phase("tearDown", [.ownsTraffic, .afterNoReturn]),
    ]

    static let compensations: [Compensation] = [.returnTraffic, .undoSteps]

    /// With what was known of each step by its action.
    static func completed(_ step: Step) -> Step {
        var step = step
        switch step.action {
        case .stopServices, .destroyServers: step.closesWayBack = true
        case .handOver: step.isTakenBack = true
        default: break
        }
        return step
    }
}
