import Migration

/// What people read of an operation's plans, and of how its runs end.
package struct OperationWords: Sendable {
    /// In every heading: `blue → green`.
    package let title: @Sendable (Plan) -> String
    /// What the plan begins with, below its title.
    package let heading: @Sendable (Plan) -> String
    /// After `DONE`. The second argument says what is left of a color's servers.
    package let done: @Sendable (Plan, (Color) -> String) -> String
    /// After `ABORTED`, when something was built.
    package let aborted: @Sendable (Plan) -> String
    /// After `ROLLED BACK`.
    package let rolledBack: @Sendable (Plan, (Color) -> String) -> String
    /// Whether a plan can be saved, to run exactly it later: `rz plan -o FILE`.
    package let isSaved: Bool
    /// What undoes a run that is done; nil where nothing does.
    package let afterwards: @Sendable (Plan) -> String?
}

extension Plan {
    /// The words of its operation; those of rz-update for one that this rz does not know.
    package var words: OperationWords { knownOperation.words }

    /// Whether a run of it may change load balancers.
    package var movesTraffic: Bool { knownOperation.phases.contains { $0.traits.contains(.ownsTraffic) } }

    private var knownOperation: Operation { Operation.all.first { $0.name == operation } ?? .rzUpdate }
}
