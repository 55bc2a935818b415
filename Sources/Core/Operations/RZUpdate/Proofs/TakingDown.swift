import Engine
import Migration

extension StepContext {
    /// Asked before anything of the new color is taken down on the way back, once users were on it. A run that moves no
    /// traffic can't have sent them, but a person can.
    func refuseToTakeDownWhatServes() async throws(Failure) {
        guard plan.phases.contains(where: { $0.traits.contains(.ownsTraffic) }) else {
            return try await NoUsers(self).demandOfKnown("destroyed")
        }
        let state = await state
        let hadTraffic = plan.steps.contains { step in
            step.action.kind == ShiftStep.name && state.steps[step.id]?.isIntended == true
        }
        if hadTraffic { try await traffic.refuseToTakeDownWhatServes() }
    }
}
