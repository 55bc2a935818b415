import Engine
import Migration
import Planning

/// Runs a program that an operator added.
struct RunProgram: StepWork {
    let work: ExecWork

    static func expand(_ line: StepLine, _ work: ExecWork) -> [Step] {
        let title = work.command.map(\.text).joined(separator: " ")
        return [line.step(title, .exec(work), undo: work.affects == .nothing ? .free : .none, estimate: .seconds(5))]
    }

    func perform(_ context: StepContext) async throws(Failure) -> String {
        try await context.intend("run \(work.command.map(\.text).joined(separator: " "))")
        let inventory = try await context.inventory(of: context.direction.new)
        try await context.fence.actUntilStopped { () async throws(Failure) in
            try await context.drivers.stepRunner.run(work, inventory: inventory, report: context.report)
        }
        return "done"
    }
}
