/// The numbers in which a load balancer expresses the shares of one backend. Only their ratios count.
public struct WeightScale: Codable, Sendable, Hashable {
    /// The largest weight that it takes.
    public var largest: Int
    /// The weight of a server for which nothing else is known.
    public var usual: Int
    /// Whether one color has all or nothing, as an entry of a map does that names a backend: weights are 1 and 0.
    public var isSwitch: Bool

    public init(largest: Int = 256, usual: Int = 100, isSwitch: Bool = false) {
        self.largest = largest
        self.usual = usual
        self.isSwitch = isSwitch
    }

    public static let `switch` = WeightScale(largest: 1, usual: 1, isSwitch: true)

    /// The share that can be set: a switch moves with the last step only.
    public func settable(_ share: Percent) -> Percent { isSwitch && share < .all ? .none : share }
}
