import Engine
import Migration

extension StepContext {
    /// Asked before anything of the new color is taken down on the way back: it may be all that can serve. A run that moves
    /// no traffic can't have sent users there, but a person can.
    func refuseToTakeDownWhatServes() async throws(Failure) {
        let movesTraffic = plan.phases.contains { $0.traits.contains(.ownsTraffic) }
        // Where the old color does not answer it would serve no better, and the way back is open before the first user only.
        guard movesTraffic, plan.unreachable == nil else {
            return try await NoUsers(self).demandOfKnown("destroyed")
        }
        try await traffic.refuseToTakeDownWhatServes()
    }

    /// Writes down what the new color runs, for whoever asks later what it ran once: a plan, a check for drift.
    func recordServices(_ services: [Service]) async throws(Failure) {
        try await record(
            .servicesRecorded(
                color: direction.new,
                services: Dictionary(
                    services.map { ($0.id, WorldService($0)) }, uniquingKeysWith: { first, _ in first })))
    }
}
