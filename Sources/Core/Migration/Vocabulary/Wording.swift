/// How lengths of time and numbers are written for people.
package enum Wording {
    /// `0.4 s`, `17 s`, `3:51`, `1:02:07`.
    package static func time(_ period: Period) -> String {
        let seconds = period.milliseconds / 1000
        if period.milliseconds < 10_000 { return "\(seconds).\(period.milliseconds % 1000 / 100) s" }
        if seconds < 60 { return "\(seconds) s" }
        let minutes = seconds / 60
        if minutes < 60 { return "\(minutes):\(twoDigits(seconds % 60))" }
        return "\(minutes / 60):\(twoDigits(minutes % 60)):\(twoDigits(seconds % 60))"
    }

    /// `~10 s`, `~4 min`.
    package static func estimate(_ period: Period) -> String {
        let seconds = Int((period.seconds).rounded(.up))
        return seconds < 100 ? "~\(max(seconds, 1)) s" : "~\((seconds + 30) / 60) min"
    }

    /// `20 s`, `1 min 30 s`, `2 h`: the exact length.
    package static func length(_ period: Period) -> String {
        var rest = period.milliseconds
        var parts: [String] = []
        for (name, size) in [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000), ("ms", 1)]
            as [(String, Int64)]
        where rest >= size {
            parts.append("\(rest / size) \(name)")
            rest %= size
        }
        return parts.isEmpty ? "0 s" : parts.joined(separator: " ")
    }

    /// `env.HOST  a → b`.
    package static func change(_ change: FieldChange) -> String { "\(change.path)  \(values(change))" }

    /// `a → b`, `new: b`, `removed, was: a`.
    package static func values(_ change: FieldChange) -> String {
        switch (change.from, change.to) {
        case (let before?, let after?): "\(before) → \(after)"
        case (nil, let after?): "new: \(after)"
        case (let before?, nil): "removed, was: \(before)"
        case (nil, nil): ""
        }
    }

    package static func count(_ number: Int, _ noun: String, plural: String? = nil) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(plural ?? noun + "s")"
    }

    /// `840 B`, `1.2 kB`, `34 MB`.
    package static func bytes(_ number: Int) -> String {
        var (value, unit) = (number, 0)
        while value >= 1_000_000, unit < 3 { (value, unit) = (value / 1000, unit + 1) }
        guard value >= 1000, unit < 4 else { return unit == 0 ? "\(value) B" : "\(value) \(names[unit])" }
        let tenths = value / 100
        let text = tenths < 100 ? "\(tenths / 10).\(tenths % 10)" : "\(tenths / 10)"
        return "\(text) \(names[unit + 1])"
    }

    private static let names = ["B", "kB", "MB", "GB", "TB"]

    /// The first of some names, and how many more there are: `a, b and 3 more`.
    package static func few(_ names: [String], _ shown: Int = 4) -> String {
        names.prefix(shown).joined(separator: ", ") + (names.count > shown ? " and \(names.count - shown) more" : "")
    }

    /// `a`, `a or b`, `a, b or c`.
    package static func either(_ names: [String]) -> String {
        guard names.count > 1, let last = names.last else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " or \(last)"
    }

    /// A measured number with four digits: `0.01667`, `1234`.
    package static func number(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf" }
        var unit = 1.0
        while abs(value) * unit < 1000, value != 0, unit < 1e15 { unit *= 10 }
        let rounded = (value * unit).rounded() / unit
        return rounded == rounded.rounded() && abs(rounded) < 1e15 ? String(Int64(rounded)) : String(rounded)
    }

    package static func percent(_ fraction: Double, decimals: Int = 2) -> String {
        let scale = decimals == 0 ? 1.0 : 100.0
        let number = (fraction * 100 * scale).rounded() / scale
        if decimals == 0 { return "\(Int(clamping: number)) %" }
        let hundredths = Int(clamping: number * 100)
        return "\(hundredths / 100).\(twoDigits(Int64(hundredths % 100))) %"
    }

    /// A share of traffic: below 10 % with a tenth, where it has one.
    package static func share(_ fraction: Double) -> String {
        let tenths = Int(clamping: (fraction * 1000).rounded())
        guard tenths < 100, tenths % 10 != 0 else { return percent(fraction, decimals: 0) }
        return "\(tenths / 10).\(tenths % 10) %"
    }

    package static func bar(_ fraction: Double, width: Int = 20) -> String {
        let full = min(width, max(0, Int(clamping: fraction * Double(width))))
        return String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
    }

    private static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
