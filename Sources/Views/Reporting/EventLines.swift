import Migration
import Operations

/// Events as plain lines, one each: for pipes, and for `rz history` afterwards.
public struct EventLines: Sendable {
    private let plan: Plan
    private let style: Style

    public init(_ plan: Plan, style: Style = .plain) {
        self.plan = plan.shown
        self.style = style
    }

    /// The line for an event; nil for one that only a machine needs.
    public func line(for event: Event) -> String? {
        text(event.kind).map { "\(event.time.clock)  \($0)" }
    }

    private func gone(_ color: Color) -> String { "\(color) is gone" }

    private func text(_ kind: Event.Kind) -> String? {
        switch kind {
        case .runStarted(let environment, let id, _, _, let person):
            "run of \(environment) started by \(person): \(plan.words.title(plan)), plan \(Plan.short(id))"
        case .runResumed(let person): "resumed by \(person)"
        case .runRepinned(let plan, let commit, let person):
            "moved to commit \(commit.prefix(7)) by \(person), plan \(Plan.short(plan))"
        case .runPaused:
            style.careful("paused") + ": nothing new is begun; go on with: \(Advice.resume(plan.environment.name))"
        case .runHalted(let failure): style.bad("HALTED") + ": \(indented(failure))"
        case .runAborted:
            style.careful("ABORTED")
                + ": \(plan.movesTraffic ? "the traffic is on \(plan.direction.old)" : plan.words.aborted(plan))"
        case .runRolledBack: style.careful("ROLLED BACK") + ": \(plan.words.rolledBack(plan, gone))"
        case .runCompleted: style.good("DONE") + ": \(plan.words.done(plan, gone))"
        case .phaseEntered(let phase): style.strong("▸ \(phase)")
        case .stepStarted(let step, let attempt): "  · \(title(step))" + (attempt > 1 ? " (attempt \(attempt))" : "")
        case .stepIntended: nil
        case .stepWaiting(let step, let reason): "  … \(title(step)): waiting for \(reason)"
        case .stepCompleted(let step, let summary): style.good("  ✓ ") + "\(title(step)): \(summary)"
        case .stepFailed(let step, _, let failure): style.bad("  ✗ ") + "\(title(step)): \(indented(failure))"
        case .stepRetried(let step, let time): "  ↻ \(title(step)): again at \(time.clock)"
        case .stepSkipped(let step, let failure): style.careful("  – ") + "\(title(step)) skipped: \(failure.summary)"
        case .undoStarted(let step): "  ↶ undo \(title(step))"
        case .undoCompleted(let step, let summary): style.good("  ✓ ") + "undone \(title(step)): \(summary)"
        case .undoFailed(let step, let failure): style.bad("  ✗ ") + "undo \(title(step)): \(indented(failure))"
        case .trafficFound, .serversRegistered, .listingIntended: nil
        case .trafficIntended(let share): "  → \(plan.direction.new) to carry \(share)"
        case .trafficVerified(let share, let names):
            "  = \(plan.direction.new) carries \(share), read back from \(names.map(\.text).joined(separator: ", "))"
        case .trafficSampled: nil
        case .trafficDriftDetected(let name, let reason): style.careful("  ! ") + "\(name): \(reason)"
        case .trafficDriftCorrected(let name, _): style.careful("  ! ") + "\(name): weights restored"
        case .trafficReturnIntended: style.careful("  ← ") + "all traffic back to \(plan.direction.old)"
        case .trafficReturned(let names, let took):
            "  = traffic is back on \(plan.direction.old) (\(Wording.time(took)), read back from "
                + "\(names.map(\.text).joined(separator: ", ")))"
        case .trafficReturnFailed(let failure):
            style.bad("  ✗ ") + "traffic not verified to be back: \(indented(failure))"
        case .oldSideMeasured: nil
        case .oldSideQuiet(let since): "  = \(plan.direction.old) quiet since \(since.clock)"
        case .newSideFailed(let failure): style.bad("  ✗ ") + indented(failure)
        case .gateSampled(let sample): "    \(sample.message)"
        case .gatePassed(let gate): style.good("  ✓ ") + "gate \(gate) passed"
        case .gateFailed(let sample): style.bad("  ✗ ") + "gate \(sample.gate) failed: \(sample.message)"
        case .releaseIntended, .acquireIntended, .missedRunStarted: nil
        case .released(let service, let color, _): "  ← \(service) released by \(color)"
        case .acquired(let service, let color, _): "  → \(service) runs in \(color)"
        case .missedRunIntended(let service, let color, let due):
            style.careful("  ! ") + "\(service) missed its run of \(due.clock): started once in \(color)"
        case .missedRunInDoubt(let service, let color, let due):
            style.careful("  ! ") + "\(service) was due at \(due.clock) while it moved; whether it ran then is not "
                + "known, so it is not started again: see its history in \(color)"
        case .servicesRecorded: nil
        case .handBackStarted:
            style.careful("  ← ") + "the services that were handed over go back to \(plan.direction.old)"
        case .approvalRequested(_, let count, let reason):
            style.careful("  ? ")
                + "\(Wording.count(count, "approval")) wanted \(reason): rz approve \(plan.environment.name)"
        case .approvalGiven(let step, let person, _, _, let note, let signature):
            style.good("  ✓ ") + "approval \(reason(step)) given by \(person)" + (signature == nil ? "" : ", signed")
                + (note.map { " (\($0))" } ?? "")
        case .skipRequested(let step, let reason, let person):
            style.careful("  ? ") + "\(person) wants to skip \(step) (\(reason)): "
                + "\(Wording.count(Plan.skippingPeople, "approval")) wanted: rz approve \(plan.environment.name)"
        case .outputsGiven(let step, let values):
            "  = \(step) gives "
                + values.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        case .pauseRequested(let person): "pause asked for by \(person)"
        case .resumeRequested(let person): "resume asked for by \(person)"
        case .abortRequested(let person): "abort asked for by \(person)"
        case .rollbackRequested(let person): "rollback asked for by \(person)"
        case .rollbackStarted: style.careful("◂ rolling back")
        case .noted(let text): "  # \(text)"
        }
    }

    private func reason(_ id: StepID) -> String {
        guard case .approval(_, let reason)? = plan.step(id)?.action else { return "of \(id)" }
        return reason
    }

    private func title(_ id: StepID) -> String { plan.step(id)?.title ?? id.text }

    private func indented(_ failure: Failure) -> String {
        Advice.naming(plan.environment.name, in: failure.description).split(separator: "\n").joined(
            separator: "\n            ")
    }
}
