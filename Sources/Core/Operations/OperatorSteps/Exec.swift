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
        try await context.intend("run \(work.title)")
        try await run(work, context)
        return "done"
    }

    /// Also where it failed, or was killed: what it did until then, no one knows.
    func undo(_ context: StepContext) async throws(Failure) -> String {
        guard let reversed = work.reversed else { return "nothing to undo" }
        try await run(reversed, context)
        return "ran \(reversed.title)"
    }

    private func run(_ work: ExecWork, _ context: StepContext) async throws(Failure) {
        let named = work.named(by: await context.words)
        let inventory = try await context.inventory(of: context.direction.new)
        try await context.fence.actUntilStopped { () async throws(Failure) in
            try await context.drivers.stepRunner.run(named, inventory: inventory, report: context.report)
        }
    }
}

extension ExecWork {
    /// As the runbook has it: no secret is resolved in it.
    fileprivate var title: String { command.map(\.text).joined(separator: " ") }
}
