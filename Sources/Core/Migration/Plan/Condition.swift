/// What has to hold for a step of a runbook to be done.
public struct Condition: Codable, Sendable, Hashable, CustomStringConvertible {
    /// A word of the run, `color`, or what a step gave, `preflight/count.rows`.
    public var value: String
    // One of these.
    public var `is`: String?
    public var isNot: String?
    public var above: Int?
    public var below: Int?

    public init(_ value: String, is: String? = nil, isNot: String? = nil, above: Int? = nil, below: Int? = nil) {
        self.value = value
        self.is = `is`
        self.isNot = isNot
        self.above = above
        self.below = below
    }

    /// Whether it compares numbers.
    public var isNumeric: Bool { above != nil || below != nil }

    public var description: String {
        if let `is` { return "\(value) is \(`is`)" }
        if let isNot { return "\(value) is not \(isNot)" }
        if let above { return "\(value) is above \(above)" }
        return "\(value) is below \(below ?? 0)"
    }

    /// Why it does not hold, nil where it does. What no step gave holds nothing.
    public func isUnmet(_ words: RunWords) -> String? {
        guard let found = words[value] else { return "nothing gave \(value)" }
        let number = Int(found)
        let holds =
            `is`.map { $0 == found } ?? isNot.map { $0 != found } ?? above.map { limit in
                number.map { $0 > limit } ?? false
            }
            ?? below.map { limit in number.map { $0 < limit } ?? false } ?? false
        return holds ? nil : "\(value) is \(found), and the step is for when \(self)"
    }
}
