import Migration

extension Instant {
    /// Reads `2026-11-23T10:00:00Z`, with or without seconds and fractions, with an offset as `+0100` or `+01:00`, or
    /// none, which is UTC. Nil for anything else.
    public init?(iso8601 text: some StringProtocol) {
        let mark = text.dropFirst(10).lastIndex { "Z+-".contains($0) }
        let halves = text[..<(mark ?? text.endIndex)].split(separator: ".", maxSplits: 1)
        guard let whole = halves.first else { return nil }
        let seconds = whole.count == 16 ? ":00" : ""
        let fraction = (halves.count > 1 ? String(halves[1].prefix(3)) : "") + "000"
        guard let local = Instant("\(whole)\(seconds).\(fraction.prefix(3))Z") else { return nil }
        self = local
        guard let mark, text[mark] != "Z" else { return }
        let digits = text[mark...].dropFirst().filter { $0 != ":" }
        guard digits.count == 4, let number = Int64(String(digits)) else { return nil }
        let offset = (number / 100 * 60 + number % 100) * 60_000
        self.init(milliseconds: local.milliseconds + (text[mark] == "-" ? offset : -offset))
    }
}
