import Engine
import Migration
import Planning

/// Lets time pass.
struct Wait: StepWork {
    let period: Period

    static func expand(_ line: StepLine, _ period: Period) -> [Step] {
        [line.step("wait \(period)", .wait(period), estimate: period, extra: period)]
    }

    func perform(_ context: StepContext) async throws(Failure) -> String {
        await context.wait(for: "\(period) to pass")
        try await context.pause(period)
        return "\(period) passed"
    }
}
