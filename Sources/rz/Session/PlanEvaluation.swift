import JSON
import Migration
import Operations
import Planning

/// Whether a move could begin now, found out days before one is wanted: drift of the live color, and an update's plan.
/// Changes nothing.
struct PlanEvaluation {
    let environment: String
    let root: String?
    let json: Bool

    /// - Returns: `refused` where a plan would be blocked; `changes` where the live color differs from what describes it, or
    ///   the plan warns.
    func perform() async throws -> ExitStatus {
        let project = try await Project.load(environment, root: root)
        let drift = try await ConvergeRound(
            environment: environment, root: root, areas: Drift.Area.allCases, isCheck: true, asks: false, json: json
        ).look(by: project)
        let plan = try await project.plan(.rzUpdate)
        Terminal.standardOutput.write(json ? PlanEvaluation.json(plan) + "\n" : PlanEvaluation.text(plan))
        if !plan.obstacles.isEmpty { return .refused }
        guard drift.status == .done else { return drift.status }
        return plan.warnings.isEmpty ? .done : .changes
    }

    private static func text(_ plan: Plan) -> String {
        let (name, new) = (plan.environment.name, plan.direction.new)
        let verdict =
            plan.obstacles.isEmpty
            ? "A move of \(name) to \(new) could begin now." : "A move of \(name) to \(new) would be blocked now:"
        return ([verdict] + plan.obstacles.map { "  ! \($0)" } + plan.warnings.map { "  ? \($0)" })
            .joined(separator: "\n") + "\n"
    }

    /// One object, after that of the drift.
    private static func json(_ plan: Plan) -> String {
        func texts(_ lines: [String]) -> JSON { .array(lines.map { .string($0) }) }
        return JSON.object(
            Answer.object([
                ("environment", .string(plan.environment.name)), ("to", .string(plan.direction.new.rawValue)),
                ("blocked", .bool(!plan.obstacles.isEmpty)), ("obstacles", texts(plan.obstacles)),
                ("warnings", texts(plan.warnings)),
            ])
        ).compact
    }
}
