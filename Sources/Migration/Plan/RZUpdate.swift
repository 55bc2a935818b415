extension PhaseID {
    public static let preflight: PhaseID = "preflight"
    public static let standUp: PhaseID = "standUp"
    public static let configure: PhaseID = "configure"
    public static let platformGate: PhaseID = "platformGate"
    public static let replicate: PhaseID = "replicate"
    public static let serviceGate: PhaseID = "serviceGate"
    public static let cutOver: PhaseID = "cutOver"
    public static let drain: PhaseID = "drain"
    public static let soak: PhaseID = "soak"
    public static let tearDown: PhaseID = "tearDown"
}

extension [Phase] {
    /// The phases of an RZ update, in the order that no runbook changes.
    public static let rzUpdate = [
        Phase(.preflight), Phase(.standUp), Phase(.configure), Phase(.platformGate), Phase(.replicate),
        Phase(.serviceGate), Phase(.cutOver, [.ownsTraffic, .returnsTrafficOnFailure]), Phase(.drain, [.ownsTraffic]),
        Phase(.soak, [.ownsTraffic]), Phase(.tearDown, [.ownsTraffic, .afterNoReturn]),
    ]
}

extension [Compensation] {
    /// The traffic first: jobs on a side without users do no harm, users on a side without jobs may.
    public static let rzUpdate: [Compensation] = [.returnTraffic, .undoSteps]
}
