/// Absolute weights that give the new color its share of a backend.
public struct Weights: Codable, Sendable, Hashable {
    /// For each server of the old color.
    public let old: Int
    /// For each server of the new color.
    public let new: Int

    public init(old: Int, new: Int) {
        self.old = old
        self.new = new
    }

    /// The largest weight that HAProxy takes (configuration manual, `weight`).
    public static let largest = 256

    /// The weights that come closest to a share when the two colors have these many servers.
    ///
    /// The sum over all servers is the same at each share, so a growing share only ever raises the new color and
    /// lowers the old one. A share that is neither none nor all leaves neither side at zero.
    public init(newShare: Percent, oldServers: Int, newServers: Int) {
        guard newShare > .none else {
            self.init(old: Weights.full(of: oldServers, beside: newServers), new: 0)
            return
        }
        guard newShare < .all else {
            self.init(old: 0, new: Weights.full(of: newServers, beside: oldServers))
            return
        }
        let newFull = Double(Weights.full(of: newServers, beside: oldServers))
        let oldFull = Double(Weights.full(of: oldServers, beside: newServers))
        self.init(
            old: max(1, Int((oldFull * (1 - newShare.fraction)).rounded())),
            new: max(1, Int((newFull * newShare.fraction).rounded())))
    }

    /// Weight of each server of a side that carries everything: 200 for the smaller side, which leaves steps of
    /// half a percent, and for the larger one less in proportion, so that both sides weigh the same as a whole.
    private static func full(of servers: Int, beside others: Int) -> Int {
        guard servers > others, others > 0 else { return 200 }
        return max(1, 200 * others / servers)
    }

    /// The share of the new color that these weights amount to.
    public func newShare(oldServers: Int, newServers: Int) -> Double {
        let oldSum = old * oldServers
        let newSum = new * newServers
        return oldSum + newSum == 0 ? 0 : Double(newSum) / Double(oldSum + newSum)
    }
}
