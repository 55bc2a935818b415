import Engine
import Migration

extension StepContext {
    /// Asked before anything of the new color is taken down on the way back: it may be all that can serve. A run that moves
    /// no traffic can't have sent users there, but a person can.
    func refuseToTakeDownWhatServes() async throws(Failure) {
        guard plan.phases.contains(where: { $0.traits.contains(.ownsTraffic) }) else {
            return try await NoUsers(self).demandOfKnown("destroyed")
        }
        // The way back is open as long as the new color has no traffic, and the old one serves no better without it.
        if plan.unreachable != nil { return try await NoUsers(self).demandOfKnown("destroyed") }
        try await traffic.refuseToTakeDownWhatServes()
    }
}
