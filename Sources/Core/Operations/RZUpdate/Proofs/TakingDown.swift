import Engine
import Migration

extension StepContext {
    /// Asked before anything of the new color is taken down on the way back, once users were on it.
    func refuseToTakeDownWhatServes() async throws(Failure) {
        let state = await state
        let hadTraffic = plan.steps.contains { step in
            step.action.kind == ShiftStep.name && state.steps[step.id]?.isIntended == true
        }
        if hadTraffic { try await traffic.refuseToTakeDownWhatServes() }
    }
}
