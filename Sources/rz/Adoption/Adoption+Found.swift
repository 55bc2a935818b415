import Migration
import Planning
import Provisioning
import Runbooks

extension Adoption {
    /// What was read.
    struct Found {
        var template: EnvironmentTemplate
        var state: ExistingState?
        var color: Color
        var servers: Inventory
        var traffic: AdoptedTraffic
        /// Services by what moves of them; nil where no framework was named.
        var services: ServiceObservation?
        var missing: [Missing] = []
        /// For people: what they should know.
        var notes: [String] = []
        let stateFolder: String

        /// Makes a copy of the state rz's.
        func keepState() throws(Failure) { try state?.place(for: color, in: stateFolder) }
    }

    /// Something that a move needs, and what to do for it.
    struct Missing: Sendable, Hashable {
        var text: String
        /// Lines to write, or commands.
        var lines: [String] = []

        init(_ text: String, _ lines: [String] = []) {
            self.text = text
            self.lines = lines
        }

        init(_ text: String, _ failure: Failure) {
            self.init("\(text): \(failure.summary)", failure.details + [failure.advice].compactMap(\.self))
        }
    }
}
