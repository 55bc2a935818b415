/// What a step does.
public enum Action: Sendable, Hashable {
    /// A step of the operation's own, and what it is about: texts by the keys that they have on the wire.
    case builtIn(StepKind, [String: String])
    /// Waits until enough people have said yes.
    case approval(ApprovalDemand, reason: String)
    case exec(ExecWork)
    case http(HTTPWork)
    case wait(Period)
    /// Waits until a change window is open that is long enough for the phase.
    case window
}

/// Names a step of an operation in plans: `launch`. What it stands for is in the file of that step.
public typealias StepKind = Name<Action>

extension Action {
    /// Nil for what operators add.
    public var kind: StepKind? { if case .builtIn(let kind, _) = self { kind } else { nil } }

    public subscript(key: String) -> String? {
        if case .builtIn(_, let arguments) = self { arguments[key] } else { nil }
    }

    /// The service that it is about, where it is about one.
    public var service: ServiceID? { self["service"].map { ServiceID($0) } }

    /// Whether it only waits, for people or for an hour: neither is for rz to hurry.
    public var waitsForOthers: Bool {
        switch self {
        case .approval, .window: true
        default: false
        }
    }

    /// Whether both are the same kind of work on the same thing, so that what was begun by one can be ended by the
    /// other: for how long something lasts makes no difference.
    public func isSameWork(as other: Action) -> Bool {
        switch (self, other) {
        case (.builtIn(let one, let its), .builtIn(let two, let others)):
            one == two
                && its.filter { !Action.lengths.contains($0.key) } == others.filter { !Action.lengths.contains($0.key) }
        case (.approval, .approval), (.exec, .exec), (.http, .http), (.wait, .wait), (.window, .window): true
        default: false
        }
    }

    private static let lengths: Set = ["bake", "for"]
}
