import Migration
import Schedules

/// What a plan is made of: an operation, as far as planning has to know it.
public protocol PlannedOperation: Sendable {
    var name: String { get }
    var phases: [Phase] { get }
    var compensations: [Compensation] { get }
    /// Whether its steps follow from what was found outside, and not from the runbook alone.
    var takesDriftBack: Bool { get }

    /// The lines of a phase; nil for a phase that a plan has no use for.
    func rule(of phase: PhaseID, in runbook: Runbook, _ scope: StepScope) -> PhaseRule?

    /// The steps that a line of a runbook becomes; none where there is nothing to do.
    func expand(_ line: StepLine, in scope: StepScope) -> [Step]

    /// The services that each service waits for, as the steps of a plan have it.
    func neededServices(in plan: Plan) -> [ServiceID: [ServiceID]]
}

/// What steps are made from, beside their lines.
public struct StepScope: Sendable {
    public var environment: Environment
    public var direction: Direction
    public var services: [PlannedService]
    /// The services that each service waits for.
    public var needed: [ServiceID: [ServiceID]]
    /// Servers of the old color.
    public var serverCount: Int
    /// What is to be taken back.
    public var drifts: [Drift] = []
    /// Limits that are to be lifted.
    public var lifted: [LiftedLimit] = []
    /// What is said of an old color that does not answer; nil where it does.
    public var unreachable: UnreachableColor?
}

/// A line of a runbook, in its phase.
public struct StepLine: Sendable {
    public let line: RunbookStep
    public let phase: PhaseID
    private let rule: PhaseRule
    /// The steps that it waits for.
    public let needs: [StepID]

    init(_ line: RunbookStep, phase: PhaseID, rule: PhaseRule, needs: [StepID]) {
        self.line = line
        self.phase = phase
        self.rule = rule
        self.needs = needs
    }

    /// The id of a step that the line becomes.
    ///
    /// - Parameter suffix: what sets it apart where there are several.
    public func id(_ suffix: String = "") -> StepID { StepID("\(phase)/\(line.id)\(suffix)") }

    /// A step that the line becomes, with what the runbook says of all of them.
    ///
    /// - Parameters:
    ///   - needs: nil for those of the line.
    ///   - extra: what comes on top of the line's timeout.
    public func step(
        _ title: String, _ action: Action, on color: Color? = nil, suffix: String = "", needs: [StepID]? = nil,
        undo: Reversibility = .free, closesWayBack: Bool = false, isTakenBack: Bool = false, estimate: Period,
        extra: Period = .zero
    ) -> Step {
        let conditions = line.when ?? []
        let when = conditions.isEmpty ? "" : "when \(conditions.map(\.description).joined(separator: " and ")): "
        return Step(
            id: id(suffix), phase: phase, title: when + title, action: action, color: color, needs: needs ?? self.needs,
            undo: undo, closesWayBack: closesWayBack, isTakenBack: isTakenBack, estimate: estimate,
            deadline: line.timeout + extra, attempts: line.retries + 1, onFailure: line.onFailure ?? rule.onFailure,
            when: conditions)
    }
}

/// Turns the lines of a runbook into the steps of a plan.
struct StepExpansion {
    let operation: any PlannedOperation
    let scope: StepScope

    func steps(of phase: PhaseID, rule: PhaseRule) -> [Step] {
        let isFirst = operation.phases.first?.id == phase
        let lifting = isFirst ? Plan.liftingStep(of: scope.lifted, in: phase) : nil
        let approvals = [lifting].compactMap(\.self) + approval(before: phase)
        func expand(_ line: RunbookStep, needs: [StepID]) -> [Step] {
            operation.expand(StepLine(line, phase: phase, rule: rule, needs: needs), in: scope)
        }
        let ids = Dictionary(
            rule.steps.map { line in (line.id, expand(line, needs: []).map(\.id)) }, uniquingKeysWith: { $1 })
        let hasWork = ids.values.contains { !$0.isEmpty }
        let first = approvals + (hasWork && !isFirst ? window(before: phase, after: approvals) : [])
        let needs = Needs(rule.steps, first: first.map(\.id)) { ids[$0.id, default: []] }
        return first + rule.steps.flatMap { expand($0, needs: needs.of($0)) }
    }

    /// The first phase looks, and changes nothing.
    private func window(before phase: PhaseID, after approvals: [Step]) -> [Step] {
        guard scope.environment.limits.without(scope.lifted.map(\.limit)).windows != nil else { return [] }
        return [
            Step(
                id: Plan.windowStep(before: phase), phase: phase, title: "the change window", action: .window,
                needs: approvals.map(\.id), undo: .free, estimate: .zero,
                deadline: .hours(24 * Int64(WindowCalendar.horizon)))
        ]
    }

    private func approval(before phase: PhaseID) -> [Step] {
        let rule = scope.environment.approvals[phase]
        var demand = rule?.demand ?? ApprovalDemand(0)
        demand.people = max(demand.people, leastPeople(before: phase))
        guard demand.people > 0 else { return [] }
        var limit = ApprovalRule.standardLimit
        if case .needed(_, let within) = rule { limit = within }
        return [
            Step(
                id: Plan.approvalStep(before: phase), phase: phase, title: demand.words,
                action: .approval(demand, reason: "before \(phase)\(demand.terms)"), undo: .free, estimate: .zero,
                deadline: limit)
        ]
    }
}

extension StepExpansion {
    /// Users leave a color that can't be asked for two people's word only, whatever the environment says.
    fileprivate func leastPeople(before phase: PhaseID) -> Int {
        scope.unreachable != nil && operation.phases.has(.returnsTrafficOnFailure, in: phase) ? 2 : 0
    }
}

/// The steps that each line of a phase waits for.
private struct Needs {
    private let lines: [RunbookStep]
    private let first: [StepID]
    private let ids: [String: [StepID]]

    init(_ lines: [RunbookStep], first: [StepID], ids: (RunbookStep) -> [StepID]) {
        self.lines = lines
        self.first = first
        self.ids = Dictionary(lines.map { ($0.id, ids($0)) }, uniquingKeysWith: { first, _ in first })
    }

    /// A line may become several steps, and who needs the line needs them all.
    func of(_ line: RunbookStep) -> [StepID] {
        var found: [StepID] = []
        for id in linesNeeded(by: line) { add(id, to: &found, visited: [line.id]) }
        return found.isEmpty ? first : line.needs == nil ? found : found + first
    }

    /// Of a line that became no step, what it would have waited for is waited for.
    private func add(_ id: String, to found: inout [StepID], visited: Set<String>) {
        guard !visited.contains(id), let line = lines.first(where: { $0.id == id }) else { return }
        let steps = ids[id, default: []]
        if steps.isEmpty {
            for earlier in linesNeeded(by: line) { add(earlier, to: &found, visited: visited.union([id])) }
        } else {
            found += steps.filter { !found.contains($0) }
        }
    }

    private func linesNeeded(by line: RunbookStep) -> [String] {
        if let needs = line.needs { return needs }
        guard let index = lines.firstIndex(where: { $0.id == line.id }), index > 0 else { return [] }
        return [lines[index - 1].id]
    }
}
