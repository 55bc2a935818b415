/// Some points for one move.
struct Journey: Sendable {
    var mode: Mode
    /// In any order: the first that comes is hit first.
    var points: [Point]
    /// Where the way back begins, for points that lie on it.
    var anchor: Point?
    /// Whether it tries points again that failed with others, or were not reached.
    var isAlone = false
}

/// What is still to be tried. A move goes through points of several steps; those that it missed come again, at last
/// alone.
actor Schedule {
    private struct Key: Hashable {
        var mode: Mode
        var point: Point
    }

    private var open: [Mode: [Point]]
    private var alone: [Journey] = []
    private var misses: [Key: Int] = [:]
    private let modes: [Mode]
    private let perMove: Int
    private let anchor: Point?
    private var generator: SeededGenerator

    /// Points that were hit, and then all was well.
    private(set) var passed = 0
    private(set) var unreached: [Journey] = []
    private(set) var failed: [Journey] = []
    let total: Int

    init(_ points: [Mode: [Point]], order: [Mode], anchor: Point?, perMove: Int, seed: UInt64) {
        open = points
        total = points.values.map(\.count).reduce(0, +)
        modes = order
        self.anchor = anchor
        self.perMove = perMove
        generator = SeededGenerator(seed: seed)
    }

    /// The next move; nil when nothing is left to begin.
    func next() -> Journey? {
        if let journey = alone.popLast() { return journey }
        guard let mode = modes.first(where: { open[$0]?.isEmpty == false }) else { return nil }
        let chosen = choose(from: open[mode, default: []], mode)
        open[mode]?.removeAll { chosen.contains($0) }
        return Journey(
            mode: mode, points: chosen.sorted { $0.number < $1.number }, anchor: anchor(for: chosen))
    }

    /// A mix of many steps, so that what is hard on one of them is not the same every time.
    private func choose(from points: [Point], _ mode: Mode) -> [Point] {
        // A run can be taken back once only, so a move has one point of the way there, or several of the way back.
        if mode.remedy != .resume {
            let back = points.filter(\.isOnWayBack)
            return Array((back.isEmpty ? points : back).shuffled(using: &generator).prefix(back.isEmpty ? 1 : perMove))
        }
        let groups = Dictionary(grouping: points, by: \.group).sorted { $0.key < $1.key }
        var chosen = groups.flatMap { share(of: $0.value, mode) }
        chosen.shuffle(using: &generator)
        return Array(chosen.prefix(perMove))
    }

    /// As many points of a step as it can be expected to come to again after it was put right: few, once they were
    /// missed.
    private func share(of group: [Point], _ mode: Mode) -> [Point] {
        let missed = group.filter { misses[Key(mode: mode, point: $0)] != nil }
        let fresh = group.filter { misses[Key(mode: mode, point: $0)] == nil }
        return Array(missed.shuffled(using: &generator).prefix(1))
            + Array(fresh.shuffled(using: &generator).prefix(Schedule.perGroup))
    }

    private static let perGroup = 8

    private func anchor(for points: [Point]) -> Point? { points.contains(where: \.isOnWayBack) ? anchor : nil }

    /// Takes note of a move that went well.
    func finish(_ journey: Journey, missed: [Point]) {
        passed += journey.points.count - missed.count
        for point in missed {
            let single = Journey(mode: journey.mode, points: [point], anchor: anchor(for: [point]), isAlone: true)
            misses[Key(mode: journey.mode, point: point), default: 0] += 1
            switch misses[Key(mode: journey.mode, point: point)] ?? 0 {
            case ...3 where !journey.isAlone: open[journey.mode, default: []].append(point)
            case ...4: alone.append(single)
            default: unreached.append(single)
            }
        }
    }

    /// Takes note of a move that did not: its points are tried again, half of them at a time, until those are found
    /// that fail.
    func fail(_ journey: Journey) {
        failed.append(journey)
        guard journey.points.count > 1 else { return }
        let middle = journey.points.count / 2
        for half in [journey.points[middle...], journey.points[..<middle]] {
            alone.append(
                Journey(mode: journey.mode, points: Array(half), anchor: anchor(for: Array(half)), isAlone: true))
        }
    }
}
