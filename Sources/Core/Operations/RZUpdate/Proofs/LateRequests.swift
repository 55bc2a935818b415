import Engine
import Migration

extension StepContext {
    /// What an rz that died had asked of a framework may arrive after that: only going back, it would undo what is done
    /// now. Frameworks know no epoch by which they could refuse it.
    func awaitLateRequests(about service: ServiceID) async throws(Failure) {
        await wait(for: "an earlier request about \(service) to arrive or be lost")
        try await pause(.requestLifetime)
    }
}

extension Period {
    /// No request is on its way for longer: rz's calls of frameworks end sooner.
    fileprivate static let requestLifetime = Period.seconds(20)
}
