import Glibc

/// What happens to rz at a kill point, and what the operator does then.
struct Mode: Hashable, CustomStringConvertible {
    enum Blow: String, CaseIterable {
        case kill = "KILL"
        case terminate = "TERM"
        case interrupt = "INT"
        /// Stopped, until another rz has taken over.
        case stop = "STOP"
        /// Its host loses power: what was not synced to the disk is gone.
        case powerLoss = "LOSS"

        /// As the orders for kill points call the signal.
        var order: String { self == .powerLoss ? "SIGKILL" : "SIG" + rawValue }
    }

    enum Remedy: String, CaseIterable { case resume, rollback, abort }

    var blow: Blow
    var remedy: Remedy

    var description: String { "SIGNAL=\(blow.rawValue) THEN=\(remedy.rawValue)" }

    /// What `make crash-test` goes through.
    static let all =
        Blow.allCases.map { Mode(blow: $0, remedy: .resume) }
        + [Mode(blow: .kill, remedy: .rollback), Mode(blow: .kill, remedy: .abort)]
}
