/// A place in a run at which its process may end: one call, and whether it is about to be made or was made but is not
/// written down.
struct KillPoint: Hashable, CustomStringConvertible {
    enum Moment: String {
        case before
        case after
        /// While a long call reports how far it is.
        case during
    }

    /// What the call belongs to, see `Activity`.
    var activity: String
    /// For example `edge-1.apply`, or `append stepIntended`.
    var call: String
    /// From 1, among the same calls of the same activity.
    var occurrence: Int
    var moment: Moment

    /// For example `cutOver/shift-10%: edge-1.apply #1 before`.
    var description: String { "\(activity): \(call) #\(occurrence) \(moment)" }
}
