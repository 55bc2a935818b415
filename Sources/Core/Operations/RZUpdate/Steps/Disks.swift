import Engine
import Migration
import Planning

/// The data disks, which belong to neither color.
package struct DisksStep: BuiltInStep {
    static let name: StepKind = "buildDisks"
    package let use = BuiltIn.disks
    package let kind = DisksStep.name
    package let phase = PhaseID.standUp
    /// Servers may have no disks of their own.
    package let isRequired = false

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        [line.step("data disks", .buildDisks, estimate: .seconds(2))]
    }

    package func work(_ step: Step) -> (any StepWork)? { BuildDisks() }
}

extension BuiltIn {
    package static var disks: BuiltIn { "disks" }
}

extension Action {
    package static let buildDisks = Action.builtIn(DisksStep.name, [:])
}

/// Builds the data disks, which belong to neither color and which nothing destroys.
struct BuildDisks: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        try await context.intend("build the data disks")
        try await context.fence.actUntilStopped { () async throws(Failure) in
            try await context.drivers.provisioner.buildDisks(report: context.report)
        }
        return "disks are there"
    }
}
