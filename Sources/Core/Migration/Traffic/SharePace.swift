/// How fast the new color's share grows: the lower shares that it left within the last minute. Pure.
///
/// It is told with times that no one sets: a process's uptime.
public struct SharePace: Sendable, Hashable {
    /// Within this time the share grows by `limits.maxStep` at most.
    public static let window = Period.minutes(1)

    private struct Left: Sendable, Hashable {
        var share: Percent
        /// Until then the share may have been as low as that.
        var at: Period
    }

    /// Rising, in share and in time: what was low before a lower one came says nothing any more.
    private var left: [Left] = []
    /// As low as the share may be now.
    public private(set) var share = Percent.none

    public init() {}

    /// Takes an event of a run. From its intent to its read-back a step may have moved anything or nothing.
    public mutating func take(_ event: Event.Kind, at time: Period) {
        switch event {
        case .trafficIntended(let share): lower(to: min(self.share, share))
        case .trafficVerified(let share, _):
            if share > self.share { left.append(Left(share: self.share, at: time)) }
            lower(to: share)
        case .trafficReturnIntended, .trafficReturned: lower(to: .none)
        default: break
        }
    }

    private mutating func lower(to share: Percent) {
        self.share = share
        left.removeAll { $0.share >= share }
    }

    /// How long a raise has to wait; nil where no time is long enough, as the step itself is larger than the limit.
    public func wait(before share: Percent, _ limit: Percent, now: Period) -> Period? {
        guard share.thousandths - self.share.thousandths <= limit.thousandths else { return nil }
        let since = left.last { share.thousandths - $0.share.thousandths > limit.thousandths }?.at
        return since.map { max(.zero, $0 + SharePace.window - now) } ?? .zero
    }
}

// MARK: - The steps of a plan

extension CutOverGate {
    /// Why these steps would raise the share faster than a limit allows, and which would not; nil where they keep it.
    public func problem(at limit: Percent) -> String? {
        let kept = steps(at: limit)
        guard kept != steps else { return nil }
        let written = kept.map {
            "{ share: \($0.share.text), bake: \($0.bake)\($0.pause.map { ", pause: \($0.written)" } ?? "") }"
        }.joined(separator: ", ")
        return "limits.maxStep lets the new color's share grow by \(limit) a minute, and \(growth(beyond: limit)). Set "
            + "gates.cutOver.steps: [\(written)]; or let two people lift it: --lift maxStep --reason WHY"
    }

    /// These steps, with as many more, and as much more time, as a limit demands.
    public func steps(at limit: Percent) -> [Step] {
        guard limit > .none else { return steps }
        var kept: [Step] = []
        for step in steps {
            var share = kept.last?.share ?? .none
            while step.share.thousandths - share.thousandths > limit.thousandths {
                share = Percent(thousandths: share.thousandths + limit.thousandths)
                kept.append(Step(share: share, bake: SharePace.window))
            }
            kept.append(step)
        }
        for place in kept.indices.dropLast() {
            let wait = wait(in: kept, after: place, limit)
            kept[place].bake = max(kept[place].bake, wait)
        }
        return kept
    }

    /// How long a step has to be watched before the next one may come.
    private func wait(in steps: [Step], after place: Int, _ limit: Percent) -> Period {
        let next = steps[place + 1].share.thousandths
        var passed = Period.zero
        for earlier in (0...place).reversed() {
            if earlier < place { passed = passed + steps[earlier].bake }
            let before = earlier == 0 ? 0 : steps[earlier - 1].share.thousandths
            if next - before > limit.thousandths { return max(.zero, SharePace.window - passed) }
        }
        return .zero
    }

    /// The first raise that is too fast, in words.
    private func growth(beyond limit: Percent) -> String {
        var pace = SharePace()
        var time = Period.zero
        for step in steps {
            let before = pace.share
            switch pace.wait(before: step.share, limit, now: time) {
            case nil: return "the step from \(before) to \(step.share) is larger"
            case .zero?: break
            case let wait?: return "the step from \(before) to \(step.share) comes \(wait) too early"
            }
            pace.take(.trafficVerified(share: step.share, loadBalancers: []), at: time)
            time = time + step.bake
        }
        return "its steps are too fast"
    }
}
