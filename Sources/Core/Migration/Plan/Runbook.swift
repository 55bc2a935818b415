/// The pipeline of an operation as `runbooks/NAME.yaml` describes it: it fills the phases and can't reorder them.
public struct Runbook: Codable, Sendable, Hashable {
    public var name: String
    public var description: String
    public var phases: [PhaseID: PhaseRule]
    /// What is done when a run has halted; nil for nothing.
    public var onHalt: [RunbookStep]?

    public init(
        name: String, description: String = "", phases: [PhaseID: PhaseRule], onHalt: [RunbookStep]? = nil
    ) {
        self.name = name
        self.description = description
        self.phases = phases
        self.onHalt = onHalt
    }

    /// The steps of all phases, those of a phase together, and what is done when a run has halted.
    public var steps: [RunbookStep] {
        phases.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap(\.value.steps) + (onHalt ?? [])
    }
}

/// The steps of one phase and what happens when one fails.
public struct PhaseRule: Codable, Sendable, Hashable {
    public var steps: [RunbookStep]
    public var onFailure: OnFailure

    public init(steps: [RunbookStep], onFailure: OnFailure = .halt) {
        self.steps = steps
        self.onFailure = onFailure
    }
}

extension PhaseRule {
    /// The ids of all steps that are done before one begins: those it needs, those that they need, and so on.
    public func stepsBefore(_ id: String) -> Set<String> {
        var before: Set<String> = []
        var open = [id]
        while let id = open.popLast() {
            guard let index = steps.firstIndex(where: { $0.id == id }) else { continue }
            let needs = steps[index].needs ?? (index > 0 ? [steps[index - 1].id] : [])
            open += needs.filter { before.insert($0).inserted }
        }
        return before
    }
}

/// What a run does when a step has failed for good.
public enum OnFailure: String, Codable, Sendable, Hashable, CaseIterable {
    /// Stops there; `rz resume` goes on. In cutOver the traffic goes back to the old color first.
    case halt
    /// Undoes everything up to here.
    case rollback
    /// Notes it and goes on; only for steps that an operator added.
    case `continue`
}

/// One line of a runbook.
public struct RunbookStep: Codable, Sendable, Hashable {
    public enum Work: Codable, Sendable, Hashable {
        case builtIn(BuiltIn)
        case exec(ExecWork)
        case approval(ApprovalDemand, reason: String)
        case http(HTTPWork)
        case wait(Period)
    }

    /// Unique within its phase.
    public var id: String
    public var work: Work
    /// Ids of steps of the same phase that come first; nil means the step before this one.
    public var needs: [String]?
    public var timeout: Period
    /// How often a step that failed for a passing reason is tried again.
    public var retries: Int
    /// Overrides the phase's rule.
    public var onFailure: OnFailure?
    /// All have to hold when the step begins, or it is not done; nil for none.
    public var when: [Condition]?

    public init(
        id: String, work: Work, needs: [String]? = nil, timeout: Period, retries: Int = 0,
        onFailure: OnFailure? = nil, when: [Condition]? = nil
    ) {
        self.id = id
        self.work = work
        self.needs = needs
        self.timeout = timeout
        self.retries = retries
        self.onFailure = onFailure
        self.when = when
    }
}

/// Names a step of rz's own in runbooks: `use: launch`.
public typealias BuiltIn = Name<RunbookStep>

/// A program that an operator runs as a step.
public struct ExecWork: Codable, Sendable, Hashable {
    /// Which color the program changes, as its author declares it.
    public enum Affects: String, Codable, Sendable, Hashable, CaseIterable { case nothing, new, old }

    /// Program and arguments; no shell. May hold `{{ … }}` of the new color's inventory and of the run.
    public var command: [Setting]
    /// Names and values of environment variables.
    public var variables: [String: Setting]
    public var affects: Affects
    /// Program and arguments that take back what it did, when the run is rolled back; nil where nothing does.
    public var undo: [Setting]?
    /// What it gives to later steps, by name; nil for nothing.
    public var outputs: [String: StepOutput]?

    public init(
        command: [Setting], variables: [String: Setting] = [:], affects: Affects = .nothing, undo: [Setting]? = nil,
        outputs: [String: StepOutput]? = nil
    ) {
        self.command = command
        self.variables = variables
        self.affects = affects
        self.undo = undo
        self.outputs = outputs
    }

    /// For people, as the runbook has it: no secret is resolved in it.
    public var title: String { command.map(\.text).joined(separator: " ") }

    /// The program that takes it back, with the same variables.
    public var reversed: ExecWork? {
        undo.map { ExecWork(command: $0, variables: variables, affects: affects) }
    }

    /// What it takes to take it back.
    public var reversibility: Reversibility { undo != nil ? .costly : affects == .nothing ? .free : .none }
}

/// A request that an operator makes as a step.
public struct HTTPWork: Codable, Sendable, Hashable {
    public var method: String
    public var url: Setting
    public var headers: [String: Setting]
    public var body: Setting?
    public var expect: Int
    public var affects: ExecWork.Affects
    public var tls: TLSRules?
    /// Redirects that are followed; nil for none.
    public var redirects: Int?
    /// What its answer gives to later steps, by name; nil for nothing.
    public var outputs: [String: StepOutput]?

    public init(
        method: String = "GET", url: Setting, headers: [String: Setting] = [:], body: Setting? = nil, expect: Int = 200,
        affects: ExecWork.Affects = .nothing, tls: TLSRules? = nil, redirects: Int? = nil,
        outputs: [String: StepOutput]? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.expect = expect
        self.affects = affects
        self.tls = tls
        self.redirects = redirects
        self.outputs = outputs
    }

    /// For people, as the runbook has it.
    public var title: String { "\(method) \(url)" }

    /// Whether URL, headers or body refer to a secret.
    public var holdsSecret: Bool { settings.contains(where: \.refersToSecret) }
}
