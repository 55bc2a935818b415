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
    package static var preflight: PhaseID { "preflight" }
    package static var standUp: PhaseID { "standUp" }
    package static var configure: PhaseID { "configure" }
    package static var platformGate: PhaseID { "platformGate" }
    package static var replicate: PhaseID { "replicate" }
    package static var serviceGate: PhaseID { "serviceGate" }
    package static var cutOver: PhaseID { "cutOver" }
    package static var drain: PhaseID { "drain" }
    package static var soak: PhaseID { "soak" }
    package static var tearDown: PhaseID { "tearDown" }
}

extension [Phase] {
    package static let rzUpdate = [
        Phase(.preflight), Phase(.standUp), Phase(.configure), Phase(.platformGate), Phase(.replicate),
        Phase(.serviceGate), Phase(.cutOver, [.ownsTraffic, .returnsTrafficOnFailure]), Phase(.drain, [.ownsTraffic]),
        Phase(.soak, [.ownsTraffic]), Phase(.tearDown, [.ownsTraffic, .afterNoReturn]),
    ]
}
