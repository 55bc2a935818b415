import Engine
import Migration
import Planning

/// A kind of run that rz performs: its phases, the steps that its runbooks are made of, and what it takes back.
package struct Operation: PlannedOperation {
    /// In plans and runbooks: `rz-update`.
    package let name: String
    /// In an order that no runbook changes.
    package let phases: [Phase]
    package let compensations: [Compensation]
    /// In the order in which runbooks usually have them.
    package let steps: [any BuiltInStep]
    package let words: OperationWords
    /// What only runbook and environment together show: one sentence for each thing that is wrong.
    package let problems: @Sendable (Runbook, Environment) -> [String]
    /// Everything that a plan of it rests on. Makes no mutating call.
    package let observe: @Sendable (Observer, PinnedSource, PlanRequest) async throws(Failure) -> Observation
    /// Whether its steps follow from what was found outside, and not from the runbook alone.
    package var takesDriftBack = false
    /// The lines of a phase; nil for a phase that a plan has no use for.
    package var rule: @Sendable (PhaseID, Runbook, StepScope) -> PhaseRule? = { phase, runbook, _ in
        runbook.phases[phase] ?? PhaseRule(steps: [])
    }
}

extension Operation {
    /// Every operation that there is.
    package static let all: [Operation] = [.rzUpdate, .build, .converge, .takeDown, .drill]

    /// The operation of a plan.
    ///
    /// - Throws: `Failure` of kind `.refused` when this rz does not know it, or one of the plan's steps.
    package static func of(_ plan: Plan) throws(Failure) -> Operation {
        guard let operation = all.first(where: { $0.name == plan.operation }) else {
            throw unknown(plan, "the operation \(plan.operation)")
        }
        for step in plan.steps {
            guard let kind = step.action.kind else { continue }
            guard operation.step(of: kind)?.work(step) != nil else { throw unknown(plan, "\(step.id): \(kind)") }
        }
        return operation
    }

    private static func unknown(_ plan: Plan, _ what: String) -> Failure {
        Failure(
            "This rz does not know all that the plan wants", at: Plan.short(plan.id), details: [what],
            advice: "Use the rz that made the plan, or a newer one.", kind: .refused)
    }

    /// The step of any operation that plans call by this name.
    package static func builtInStep(of kind: StepKind) -> (any BuiltInStep)? {
        all.lazy.compactMap { $0.step(of: kind) }.first
    }

    package func step(_ use: BuiltIn) -> (any BuiltInStep)? { steps.first { $0.use == use } }

    package func step(of kind: StepKind) -> (any BuiltInStep)? { steps.first { $0.kind == kind } }

    /// The steps that belong to a phase.
    package func steps(of phase: PhaseID) -> [any BuiltInStep] { steps.filter { $0.phase == phase } }
}

// MARK: - For planning, the engine and views

extension Operation {
    package func rule(of phase: PhaseID, in runbook: Runbook, _ scope: StepScope) -> PhaseRule? {
        rule(phase, runbook, scope)
    }

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        switch line.line.work {
        case .builtIn(let use): step(use)?.expand(line, in: scope) ?? []
        case .approval(let demand, let reason): AwaitApproval.expand(line, demand, reason)
        case .exec(let work): RunProgram.expand(line, work)
        case .http(let work): MakeRequest.expand(line, work)
        case .wait(let period): Wait.expand(line, period)
        }
    }

    /// The work behind a step of a plan of this operation.
    package func work(_ step: Step) -> any StepWork {
        switch step.action {
        case .builtIn(let kind, _): self.step(of: kind)?.work(step) ?? UnknownStep()
        case .approval(let demand, let reason): AwaitApproval(demand: demand, reason: reason)
        case .exec(let work): Skippable(RunProgram(work: work))
        case .http(let work): Skippable(MakeRequest(work: work))
        case .wait(let period): Skippable(Wait(period: period))
        case .window: AwaitWindow()
        }
    }

    /// What a plan says of a phase; more than one step may have something to say.
    package func lines(of phase: PhaseID, _ plan: Plan) -> [PlanLine] {
        steps(of: phase).compactMap { $0.line(plan) }
    }
}

/// A step that no file of this operation describes: `Operation.of` refuses a plan with one before it is performed.
private struct UnknownStep: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        throw Failure("This rz does not know the step \(context.step.id)", kind: .refused)
    }
}
