/// The weight of each server, or group of servers, of one backend at a share of the traffic.
///
/// Weights are relative: inside a color each server keeps its proportion to the others, and only the sums of the two
/// colors move. At no share at all the old color has exactly the weights that were found.
public struct Weights: Sendable, Hashable {
    public let old: [String: Int]
    public let new: [String: Int]

    public init(old: [String: Int], new: [String: Int]) {
        self.old = old
        self.new = new
    }

    /// The weights that come closest to a share.
    ///
    /// - Parameters:
    ///   - old: the weights of the old color's servers as they were found, those that took part.
    ///   - new: how the new color's servers weigh against each other.
    ///   - missing: of each color's weight, the part of servers that did not serve when they were looked at.
    ///   - atLeast: how many servers of the new color get a weight at any share.
    ///   - scale: the numbers that the backend takes.
    public init(
        share: Percent, old: [String: Int], new: [String: Int], missing: (old: Int, new: Int) = (0, 0),
        atLeast: Int = 1, scale: WeightScale = WeightScale()
    ) {
        let share = scale.settable(share)
        guard share > .none, share < .all else {
            self.old = share > .none ? old.mapValues { _ in 0 } : old
            self.new = new.mapValues { share > .none ? min(scale.largest, max(1, $0)) : 0 }
            return
        }
        let total = Weights.serving(old, without: missing.old)
        let part = Weights.serving(new, without: missing.new)
        let oldPart = old.mapValues { Double($0) * (1 - share.fraction) }
        let newPart = new.mapValues { weight in
            total == 0 || part == 0 ? Double(weight) : Double(weight) * total / part * share.fraction
        }
        let values = Array(oldPart.values) + Array(newPart.values)
        let most = Double(scale.largest) / max(1, values.max() ?? 1)
        // As they are where whole numbers are close enough, otherwise as large as they may get.
        let scale = most >= 1 && values.allSatisfy(Weights.isNearlyWhole) ? 1 : most
        // Each server of the old color keeps a part: beside very many of them the share gets smaller than was asked for.
        self.old = Weights.whole(oldPart.mapValues { $0 * scale }, atLeast: old.count)
        self.new = Weights.whole(newPart.mapValues { $0 * scale }, atLeast: atLeast)
    }

    /// The share of the new color that these weights amount to.
    public var newShare: Double {
        let oldSum = old.values.reduce(0, +)
        let newSum = new.values.reduce(0, +)
        return oldSum + newSum == 0 ? 0 : Double(newSum) / Double(oldSum + newSum)
    }

    private static func serving(_ weights: [String: Int], without missing: Int) -> Double {
        let listed = weights.values.reduce(0, +)
        return Double(listed > missing ? listed - missing : listed)
    }

    /// Within a twentieth of its value.
    private static func isNearlyWhole(_ value: Double) -> Bool {
        value == 0 || abs(value.rounded() - value) <= value / 20
    }

    /// Whole numbers with nearly the same sum, so that a small share of many servers is not rounded up to a large one:
    /// then some servers get 1 and the others none.
    private static func whole(_ values: [String: Double], atLeast: Int) -> [String: Int] {
        var whole = values.mapValues { Int($0.rounded(.down)) }
        let missing = Int(values.values.reduce(0, +).rounded()) - whole.values.reduce(0, +)
        let byRemainder = values.keys.sorted {
            let (first, second) = (values[$0, default: 0], values[$1, default: 0])
            let (left, right) = (first - first.rounded(.down), second - second.rounded(.down))
            return left == right ? $0 < $1 : left > right
        }
        for name in byRemainder.prefix(max(0, missing)) { whole[name, default: 0] += 1 }
        let needed = min(max(1, atLeast), values.count)
        let idle = byRemainder.filter { whole[$0] == 0 }
        for name in idle.prefix(max(0, needed - (values.count - idle.count))) { whole[name] = 1 }
        return whole
    }
}
