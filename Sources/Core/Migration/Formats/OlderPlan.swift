/// What plans left unsaid before phases were written into them (formats 1 and 2): there was one operation, the RZ
/// update. Frozen: journals in the field rest on it.
enum OlderPlan {
    static let operation = "rz-update"

    /// With what was known of each step by its action.
    static func completed(_ step: Step, _ direction: Direction) -> Step {
        var step = step
        switch step.action.kind {
        case "buildServers", "configure", "awaitPlatform", "launch", "awaitServices", "readyTraffic", "shift":
            step.color = direction.new
        case "handOver":
            step.color = direction.new
            step.isTakenBack = true
        case "drain", "soak": step.color = direction.old
        case "stopServices", "destroyServers":
            step.color = direction.old
            step.closesWayBack = true
        default: break
        }
        return step
    }
}

extension [Phase] {
    /// Those of the one operation that there was before plans said which phases they have.
    public static let ofOlderPlans = [
        Phase("preflight"), Phase("standUp"), Phase("configure"), Phase("platformGate"), Phase("replicate"),
        Phase("serviceGate"), Phase("cutOver", [.ownsTraffic, .returnsTrafficOnFailure]),
        Phase("drain", [.ownsTraffic]), Phase("soak", [.ownsTraffic]),
        Phase("tearDown", [.ownsTraffic, .afterNoReturn]),
    ]
}

extension [Compensation] {
    public static let ofOlderPlans: [Compensation] = [.returnTraffic, .undoSteps]
}
