import Foundation
import Migration

/// A kill point of a move, as it is called in a move from blue to green.
struct Point: Hashable, CustomStringConvertible {
    /// From 1, in the order of the reference move.
    var number: Int
    var text: String
    /// Whether it is a point of a rollback or an abort.
    var isOnWayBack = false

    var description: String { text }

    /// What it is called in a move from this color.
    func text(from old: Color) -> String { old == .blue ? text : Point.swapped(text) }

    /// Of the points of one group a move can hit one: a step that was killed and resumed goes another way.
    var group: String {
        if let step = text.firstMatch(of: /append step\w+\(([^)]*)\)/) { return Point.group(String(step.output.1)) }
        return Point.group(String(text.prefix { $0 != ":" }))
    }

    private static func group(_ activity: String) -> String {
        // Launches run side by side, three at a time; those of one wave can't be told apart in time.
        guard activity.hasPrefix("replicate/launch") else { return activity }
        if activity.hasSuffix("/shop/cart") { return "replicate 2" }
        return activity.hasSuffix("/shop/web") || activity.hasSuffix("/shop/search") ? "replicate 3" : "replicate 1"
    }

    /// The points that a process wrote down, each once.
    static func list(_ log: String, from old: Color) -> [Point] {
        var known: Set<String> = []
        var points: [Point] = []
        for line in log.split(separator: "\n") where !line.hasPrefix("! ") {
            let text = old == .blue ? String(line) : swapped(String(line))
            if known.insert(text).inserted { points.append(Point(number: points.count + 1, text: text)) }
        }
        return points
    }

    static func swapped(_ text: String) -> String {
        text.replacingOccurrences(of: "blue", with: "\u{0}").replacingOccurrences(of: "green", with: "blue")
            .replacingOccurrences(of: "\u{0}", with: "green")
    }
}

/// The same numbers for the same seed (SplitMix64, https://prng.di.unimi.it/splitmix64.c).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
