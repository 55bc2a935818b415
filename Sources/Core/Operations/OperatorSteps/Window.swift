import Engine
import Migration
import Planning
import Schedules

/// Waits until a phase may begin: until a change window is open, and stays so for as long as the phase is expected to
/// take. What has begun is not stopped at a window's end: half of it would be worse.
struct AwaitWindow: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        guard let windows = context.plan.limits.windows else { return "no change window is set" }
        let calendar = try WindowCalendar(windows)
        let estimate = context.plan.estimate(of: context.step.phase)
        @Sendable func opening() throws(Failure) -> WindowCalendar.Span {
            if let open = calendar.opening(from: context.clock.now, lasting: estimate) { return open }
            throw Failure(
                "No change window of the next \(WindowCalendar.horizon) days is as long as \(context.step.phase) takes",
                at: "limits.windows", details: ["\(context.step.phase) takes \(Wording.estimate(estimate))"],
                advice:
                    "Widen the windows and commit, then: rz resume \(context.environment.name) --commit HEAD. Or go "
                    + "back: rz rollback \(context.environment.name).", kind: .refused)
        }
        try await context.poll(every: .seconds(1)) { () async throws(Failure) -> String? in
            let (now, open) = (context.clock.now, try opening())
            guard open.start > now else { return nil }
            return "the change window: \(calendar.words(open, seenFrom: now))"
        }
        return "open until \(calendar.text(try opening().end))"
    }
}
