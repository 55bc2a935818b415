import Migration
import Schedules

/// Whether a run fits its change windows, and where it waits if it does not.
struct WindowForecast {
    private(set) var obstacles: [String] = []
    private(set) var warnings: [String] = []

    /// - Throws: `Failure` of kind `.refused` for a time zone that this system does not know.
    init(_ plan: Plan) throws(Failure) {
        guard let windows = plan.limits.windows else { return }
        let calendar = try WindowCalendar(windows)
        var now = plan.createdAt
        for (before, phase) in zip([nil] + plan.phases.map(Optional.some), plan.phases) {
            let estimate = plan.estimate(of: phase.id)
            if plan.step(Plan.windowStep(before: phase.id)) != nil {
                guard let open = calendar.opening(from: now, lasting: estimate) else {
                    obstacles.append(
                        "limits.windows: \(phase.id) takes \(Wording.estimate(estimate)), and no window of the next "
                            + "\(WindowCalendar.horizon) days is that long")
                    return
                }
                if open.start > now {
                    let frozen = calendar.freeze(at: now).map { " (frozen: \($0.reason))" } ?? ""
                    let place = before.map { "after \($0.id)" } ?? "at its begin"
                    warnings.append(
                        "limits.windows: the run stops safely \(place) and goes on with \(phase.id) at "
                            + "\(calendar.text(open.start)) \(windows.zone)\(frozen)")
                }
                now = open.start
            }
            now = now + estimate
        }
    }
}
