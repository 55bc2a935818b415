import Migration

extension Operation {
    /// Moves an environment from its live color to the other one.
    package static let rzUpdate = Operation(
        name: "rz-update", phases: .rzUpdate, compensations: [.returnTraffic, .undoSteps],
        steps: [
            ChecksStep(), DisksStep(), ServersStep(), ConfigurationStep(), PlatformStep(), LaunchStep(), HealthStep(),
            ReadyStep(), ShiftStep(), HandOverStep(), DrainStep(), SoakStep(), StopStep(), DestroyStep(),
        ], problems: rzUpdateProblems)
}

extension PhaseID {
    package static let preflight: PhaseID = "preflight"
    package static let standUp: PhaseID = "standUp"
    package static let configure: PhaseID = "configure"
    package static let platformGate: PhaseID = "platformGate"
    package static let replicate: PhaseID = "replicate"
    package static let serviceGate: PhaseID = "serviceGate"
    package static let cutOver: PhaseID = "cutOver"
    package static let drain: PhaseID = "drain"
    package static let soak: PhaseID = "soak"
    package static let tearDown: PhaseID = "tearDown"
}

extension [Phase] {
    package static let rzUpdate = [
        Phase(.preflight), Phase(.standUp), Phase(.configure), Phase(.platformGate), Phase(.replicate),
        Phase(.serviceGate), Phase(.cutOver, [.ownsTraffic, .returnsTrafficOnFailure]), Phase(.drain, [.ownsTraffic]),
        Phase(.soak, [.ownsTraffic]), Phase(.tearDown, [.ownsTraffic, .afterNoReturn]),
    ]
}
