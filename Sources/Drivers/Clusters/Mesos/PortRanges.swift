/// A set of ports, kept as ranges.
public struct PortRanges: Sendable, Hashable, CustomStringConvertible {
    /// Sorted, none touching another.
    public private(set) var ranges: [ClosedRange<Int>]

    public init(_ ranges: [ClosedRange<Int>] = []) {
        var merged: [ClosedRange<Int>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, range.lowerBound <= last.upperBound + 1 {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
    }

    /// Reads Mesos' own `[31000-32000, 33000-33000]`, and skips what is no range.
    public init(parsing text: String) {
        self.init(
            text.split(separator: ",").compactMap { part in
                let bounds = part.split(whereSeparator: { !$0.isWholeNumber }).compactMap { Int($0) }
                guard let first = bounds.first, let last = bounds.last, first <= last else { return nil }
                return first...last
            })
    }

    public var count: Int { ranges.reduce(0) { $0 + $1.count } }
    public var isEmpty: Bool { ranges.isEmpty }
    public var first: Int? { ranges.first?.lowerBound }
    public var description: String {
        "[" + ranges.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ", ") + "]"
    }

    public func contains(_ port: Int) -> Bool { ranges.contains { $0.contains(port) } }

    public func union(_ other: PortRanges) -> PortRanges { PortRanges(ranges + other.ranges) }

    public func subtracting(_ other: PortRanges) -> PortRanges {
        var left = ranges
        for taken in other.ranges {
            left = left.flatMap { range -> [ClosedRange<Int>] in
                guard range.overlaps(taken) else { return [range] }
                var parts: [ClosedRange<Int>] = []
                if range.lowerBound < taken.lowerBound { parts.append(range.lowerBound...(taken.lowerBound - 1)) }
                if taken.upperBound < range.upperBound { parts.append((taken.upperBound + 1)...range.upperBound) }
                return parts
            }
        }
        return PortRanges(left)
    }
}
