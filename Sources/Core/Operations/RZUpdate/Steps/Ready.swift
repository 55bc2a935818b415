import Engine
import Migration
import Planning

/// The new color's servers on the load balancers, ready at weight zero.
package struct ReadyStep: BuiltInStep {
    static let name: StepKind = "readyTraffic"
    package let use = BuiltIn.ready
    package let kind = ReadyStep.name
    package let phase = PhaseID.cutOver
    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        let new = scope.direction.new
        return [line.step("servers of \(new) ready at weight 0", .readyTraffic, on: new, estimate: .seconds(3))]
    }

    package func work(_ step: Step) -> (any StepWork)? { ReadyTraffic() }
}

extension BuiltIn {
    package static var ready: BuiltIn { "ready" }
}

extension Action {
    package static let readyTraffic = Action.builtIn(ReadyStep.name, [:])
}

/// Makes the new color's servers ready, at weight zero.
struct ReadyTraffic: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        try await context.intend("make the servers of \(context.color) ready at weight 0")
        try await context.traffic.prepareNewColor()
        return "ready on \(context.drivers.loadBalancers.count) load balancers"
    }
}
