import Engine
import Migration
import Planning

/// Makes a request that an operator added.
struct MakeRequest: StepWork {
    let work: HTTPWork

    static func expand(_ line: StepLine, _ work: HTTPWork) -> [Step] {
        [
            line.step(
                work.title, .http(work), undo: work.affects == .nothing ? .free : .none,
                estimate: .seconds(1))
        ]
    }

    func perform(_ context: StepContext) async throws(Failure) -> String {
        let words = try await context.words(for: work.settings)
        try await context.intend(work.title)
        let work = work.named(by: words)
        let inventory = try await context.inventory(of: context.direction.new)
        let given = try await context.fence.actUntilStopped { () async throws(Failure) in
            try await context.drivers.stepRunner.call(work, inventory: inventory)
        }
        try await context.give(given, as: work.outputs)
        return "answered \(work.expect)"
    }
}
