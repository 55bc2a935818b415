import Engine
import Migration
import Planning

/// Runs a program that an operator added, and on a rollback the one that takes it back.
struct RunProgram: StepWork {
    let work: ExecWork

    static func expand(_ line: StepLine, _ work: ExecWork) -> [Step] {
        [line.step(work.title, .exec(work), undo: work.reversibility, estimate: .seconds(5))]
    }

    func perform(_ context: StepContext) async throws(Failure) -> String {
        let words = try await context.words(for: work.settings)
        try await context.intend("run \(work.title)")
        try await context.give(try await run(work.named(by: words), context), as: work.outputs)
        return "done"
    }

    /// Also where it failed, or was killed: what it did until then, no one knows.
    func undo(_ context: StepContext) async throws(Failure) -> String {
        guard let reversed = work.reversed else { return "nothing to undo" }
        // What it should have given and did not, as it failed half way, is empty.
        _ = try await run(reversed.named(by: await context.words.orEmpty), context)
        return "ran \(reversed.title)"
    }

    private func run(_ work: ExecWork, _ context: StepContext) async throws(Failure) -> [String: String] {
        let inventory = try await context.inventory(of: context.direction.new)
        return try await context.fence.actUntilStopped { () async throws(Failure) in
            try await context.drivers.stepRunner.run(work, inventory: inventory, report: context.report)
        }
    }
}
