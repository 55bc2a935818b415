import Migration
import Schedules

extension Plan {
    /// Where the run rests because a change window ends; what blocks it is a phase that fits into none.
    ///
    /// - Throws: `Failure` of kind `.refused` for a time zone that this system does not know.
    func windowObstacles() throws(Failure) -> [Obstacle] {
        guard let windows = limits.windows else { return [] }
        let calendar = try WindowCalendar(windows)
        var rests: [Obstacle] = []
        var now = createdAt
        var before: Phase?
        for phase in phases {
            let estimate = estimate(of: phase.id)
            if step(Plan.windowStep(before: phase.id)) != nil {
                guard let open = calendar.opening(from: now, lasting: estimate) else {
                    let text =
                        "limits.windows: \(phase.id) takes \(Wording.estimate(estimate)), and no window of the next "
                        + "\(WindowCalendar.horizon) days is that long"
                    return rests + [Obstacle(text, isBlocking: true)]
                }
                if open.start > now {
                    let place = before.map { "after \($0.id)" } ?? "at its begin"
                    rests.append(
                        Obstacle(
                            "limits.windows: the run stops safely \(place) and goes on with \(phase.id) at "
                                + calendar.words(open, seenFrom: now), isBlocking: false))
                }
                now = open.start
            }
            now = now + estimate
            before = phase
        }
        return rests
    }
}
