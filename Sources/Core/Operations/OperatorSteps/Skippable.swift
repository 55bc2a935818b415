import Engine
import Migration

/// A step that an operator added: two people may do without it, and it is not done where its conditions don't hold.
/// Nothing of rz's own can be skipped: what follows rests on it.
struct Skippable: StepWork {
    private let work: any StepWork

    init(_ work: any StepWork) { self.work = work }

    func perform(_ context: StepContext) async throws(Failure) -> String {
        if let words = try await context.skipped() { return words }
        let words = await context.words
        if let reason = context.step.when.lazy.compactMap({ $0.isUnmet(words) }).first { return "not done: \(reason)" }
        return try await work.perform(context)
    }

    /// Also where it was skipped: an earlier attempt may have done something.
    func undo(_ context: StepContext) async throws(Failure) -> String { try await work.undo(context) }
}

extension Action {
    /// Whether a run can do without it.
    package var canBeSkipped: Bool {
        switch self {
        case .exec, .http, .wait: true
        case .builtIn, .approval, .window: false
        }
    }
}
