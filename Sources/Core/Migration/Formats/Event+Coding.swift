/// Events on the wire: what each kind is called there, and its fields.
///
/// Journals in the field hold these names, and the digests of their chain cover them: one that was ever written is kept
/// in every later version. A new kind gets a new name, a new field must be one that may be missing.
extension Event.Kind {
    /// The `type` of an event.
    public enum Name: String, Sendable, Hashable, CaseIterable {
        case runStarted = "run.started"
        case runResumed = "run.resumed"
        case runPaused = "run.paused"
        case runHalted = "run.halted"
        case runAborted = "run.aborted"
        case runRolledBack = "run.rolledBack"
        case runCompleted = "run.completed"
        case runRepinned = "run.repinned"
        case phaseEntered = "phase.entered"
        case stepStarted = "step.started"
        case stepIntended = "step.intended"
        case stepWaiting = "step.waiting"
        case stepCompleted = "step.completed"
        case stepFailed = "step.failed"
        case stepRetried = "step.retried"
        case stepSkipped = "step.skipped"
        case undoStarted = "undo.started"
        case undoCompleted = "undo.completed"
        case undoFailed = "undo.failed"
        case trafficFound = "traffic.found"
        case serversRegistered = "servers.registered"
        case trafficIntended = "traffic.intended"
        case trafficVerified = "traffic.verified"
        case trafficSampled = "traffic.sampled"
        case trafficDriftDetected = "traffic.disturbed"
        case trafficDriftCorrected = "traffic.reasserted"
        case trafficReturnIntended = "traffic.returnIntended"
        case trafficReturned = "traffic.returned"
        case trafficReturnFailed = "traffic.returnFailed"
        case oldSideMeasured = "old.sideMeasured"
        case oldSideQuiet = "old.sideQuiet"
        case newSideFailed = "new.sideFailed"
        case gateSampled = "gate.sampled"
        case gatePassed = "gate.passed"
        case gateFailed = "gate.failed"
        case releaseIntended = "release.intended"
        case released = "released"
        case acquireIntended = "take.intended"
        case acquired = "taken"
        case missedRunIntended = "missed.runIntended"
        case missedRunStarted = "missed.runStarted"
        case missedRunInDoubt = "missed.runInDoubt"
        case handBackStarted = "hand.backStarted"
        case servicesRecorded = "services.recorded"
        case approvalRequested = "approval.requested"
        case approvalGiven = "approval.given"
        case skipRequested = "skip.requested"
        case outputsGiven = "outputs.given"
        case listingIntended = "listing.intended"
        case pauseRequested = "pause.requested"
        case resumeRequested = "resume.requested"
        case abortRequested = "abort.requested"
        case rollbackRequested = "rollback.requested"
        case rollbackStarted = "rollback.started"
        case noted = "noted"
    }

    /// A `type` that this rz does not know: a newer one wrote it.
    public struct UnknownName: Error, Sendable, Hashable {
        public var text: String
    }
}

extension Event.Kind: Codable {
    public func encode(to encoder: any Encoder) throws { try tagged.encode(to: encoder) }

    private var tagged: Tagged {
        func event(_ name: Name, _ fields: KeyValuePairs<WireKey, (any Encodable)?> = [:]) -> Tagged {
            Tagged(name.rawValue, fields)
        }
        return switch self {
        case .runStarted(let environment, let plan, let from, let to, let by):
            event(.runStarted, ["environment": environment, "plan": plan, "from": from, "to": to, "by": by])
        case .runResumed(let by): event(.runResumed, ["by": by])
        case .runPaused: event(.runPaused)
        case .runHalted(let failure): event(.runHalted, ["failure": failure])
        case .runAborted: event(.runAborted)
        case .runRolledBack: event(.runRolledBack)
        case .runCompleted: event(.runCompleted)
        case .runRepinned(let plan, let commit, let by):
            event(.runRepinned, ["plan": plan, "commit": commit, "by": by])
        case .phaseEntered(let phase): event(.phaseEntered, ["phase": phase])
        case .stepStarted(let step, let attempt): event(.stepStarted, ["step": step, "attempt": attempt])
        case .stepIntended(let step, let intent): event(.stepIntended, ["step": step, "intent": intent])
        case .stepWaiting(let step, let reason): event(.stepWaiting, ["step": step, "reason": reason])
        case .stepCompleted(let step, let summary): event(.stepCompleted, ["step": step, "summary": summary])
        case .stepFailed(let step, let attempt, let failure):
            event(.stepFailed, ["step": step, "attempt": attempt, "failure": failure])
        case .stepRetried(let step, let at): event(.stepRetried, ["step": step, "at": at])
        case .stepSkipped(let step, let failure): event(.stepSkipped, ["step": step, "failure": failure])
        case .undoStarted(let step): event(.undoStarted, ["step": step])
        case .undoCompleted(let step, let summary): event(.undoCompleted, ["step": step, "summary": summary])
        case .undoFailed(let step, let failure): event(.undoFailed, ["step": step, "failure": failure])
        case .trafficFound(let found): event(.trafficFound, ["found": found])
        case .serversRegistered(let servers): event(.serversRegistered, ["servers": servers])
        case .trafficIntended(let share): event(.trafficIntended, ["share": share])
        case .trafficVerified(let share, let loadBalancers):
            event(.trafficVerified, ["share": share, "loadBalancers": loadBalancers])
        case .trafficSampled(let samples): event(.trafficSampled, ["samples": samples])
        case .trafficDriftDetected(let loadBalancer, let reason):
            event(.trafficDriftDetected, ["loadBalancer": loadBalancer, "reason": reason])
        case .trafficDriftCorrected(let loadBalancer, let reason):
            event(.trafficDriftCorrected, ["loadBalancer": loadBalancer, "reason": reason])
        case .trafficReturnIntended: event(.trafficReturnIntended)
        case .trafficReturned(let loadBalancers, let took):
            event(.trafficReturned, ["loadBalancers": loadBalancers, "took": took])
        case .trafficReturnFailed(let failure): event(.trafficReturnFailed, ["failure": failure])
        case .oldSideMeasured(let usual): event(.oldSideMeasured, ["usual": usual])
        case .oldSideQuiet(let since): event(.oldSideQuiet, ["since": since])
        case .newSideFailed(let failure): event(.newSideFailed, ["failure": failure])
        case .gateSampled(let sample): event(.gateSampled, ["sample": sample])
        case .gatePassed(let gate): event(.gatePassed, ["gate": gate])
        case .gateFailed(let sample): event(.gateFailed, ["sample": sample])
        case .releaseIntended(let service, let color, let instances, let nextFire):
            event(.releaseIntended, ["service": service, "color": color, "instances": instances, "nextFire": nextFire])
        case .released(let service, let color, let nextFire):
            event(.released, ["service": service, "color": color, "nextFire": nextFire])
        case .acquireIntended(let service, let color, let nextFire):
            event(.acquireIntended, ["service": service, "color": color, "nextFire": nextFire])
        case .acquired(let service, let color, let nextFire):
            event(.acquired, ["service": service, "color": color, "nextFire": nextFire])
        case .missedRunIntended(let service, let color, let due):
            event(.missedRunIntended, ["service": service, "color": color, "due": due])
        case .missedRunStarted(let service, let color, let due):
            event(.missedRunStarted, ["service": service, "color": color, "due": due])
        case .missedRunInDoubt(let service, let color, let due):
            event(.missedRunInDoubt, ["service": service, "color": color, "due": due])
        case .handBackStarted(let failure): event(.handBackStarted, ["failure": failure])
        case .servicesRecorded(let color, let services):
            event(.servicesRecorded, ["color": color, "services": services])
        case .approvalRequested(let step, let count, let reason):
            event(.approvalRequested, ["step": step, "count": count, "reason": reason])
        case .approvalGiven(let step, let by, let user, let host, let note, let signature):
            event(
                .approvalGiven,
                ["step": step, "by": by, "user": user, "host": host, "note": note, "signature": signature])
        case .listingIntended(let loadBalancer, let servers):
            event(.listingIntended, ["loadBalancer": loadBalancer, "servers": servers])
        case .outputsGiven(let step, let values): event(.outputsGiven, ["step": step, "values": values])
        case .skipRequested(let step, let reason, let by):
            event(.skipRequested, ["step": step, "reason": reason, "by": by])
        case .pauseRequested(let by): event(.pauseRequested, ["by": by])
        case .resumeRequested(let by): event(.resumeRequested, ["by": by])
        case .abortRequested(let by): event(.abortRequested, ["by": by])
        case .rollbackRequested(let by): event(.rollbackRequested, ["by": by])
        case .rollbackStarted: event(.rollbackStarted)
        case .noted(let text): event(.noted, ["text": text])
        }
    }

    /// - Throws: `UnknownName` for an event of a newer rz, `DecodingError` for one whose fields are not what they must be.
    public init(from decoder: any Decoder) throws {
        let read = try TaggedFields(from: decoder)
        guard let name = Name(rawValue: read.type) else { throw UnknownName(text: read.type) }
        switch name {
        case .runStarted:
            self = .runStarted(
                environment: try read("environment"),
                plan: try read("plan"),
                from: try read("from"),
                to: try read("to"),
                by: try read("by"))
        case .runResumed: self = .runResumed(by: try read("by"))
        case .runPaused: self = .runPaused
        case .runHalted: self = .runHalted(failure: try read("failure"))
        case .runAborted: self = .runAborted
        case .runRolledBack: self = .runRolledBack
        case .runCompleted: self = .runCompleted
        case .runRepinned: self = .runRepinned(plan: try read("plan"), commit: try read("commit"), by: try read("by"))
        case .phaseEntered: self = .phaseEntered(phase: try read("phase"))
        case .stepStarted: self = .stepStarted(step: try read("step"), attempt: try read("attempt"))
        case .stepIntended: self = .stepIntended(step: try read("step"), intent: try read("intent"))
        case .stepWaiting: self = .stepWaiting(step: try read("step"), reason: try read("reason"))
        case .stepCompleted: self = .stepCompleted(step: try read("step"), summary: try read("summary"))
        case .stepFailed:
            self = .stepFailed(step: try read("step"), attempt: try read("attempt"), failure: try read("failure"))
        case .stepRetried: self = .stepRetried(step: try read("step"), at: try read("at"))
        case .stepSkipped: self = .stepSkipped(step: try read("step"), failure: try read("failure"))
        case .undoStarted: self = .undoStarted(step: try read("step"))
        case .undoCompleted: self = .undoCompleted(step: try read("step"), summary: try read("summary"))
        case .undoFailed: self = .undoFailed(step: try read("step"), failure: try read("failure"))
        case .trafficFound: self = .trafficFound(found: try read("found"))
        case .serversRegistered: self = .serversRegistered(servers: try read("servers"))
        case .trafficIntended: self = .trafficIntended(share: try read("share"))
        case .trafficVerified:
            self = .trafficVerified(share: try read("share"), loadBalancers: try read("loadBalancers"))
        case .trafficSampled: self = .trafficSampled(samples: try read("samples"))
        case .trafficDriftDetected:
            self = .trafficDriftDetected(loadBalancer: try read("loadBalancer"), reason: try read("reason"))
        case .trafficDriftCorrected:
            self = .trafficDriftCorrected(loadBalancer: try read("loadBalancer"), reason: try read("reason"))
        case .trafficReturnIntended: self = .trafficReturnIntended
        case .trafficReturned: self = .trafficReturned(loadBalancers: try read("loadBalancers"), took: try read("took"))
        case .trafficReturnFailed: self = .trafficReturnFailed(failure: try read("failure"))
        case .oldSideMeasured: self = .oldSideMeasured(usual: try read("usual"))
        case .oldSideQuiet: self = .oldSideQuiet(since: try read("since"))
        case .newSideFailed: self = .newSideFailed(failure: try read("failure"))
        case .gateSampled: self = .gateSampled(sample: try read("sample"))
        case .gatePassed: self = .gatePassed(gate: try read("gate"))
        case .gateFailed: self = .gateFailed(sample: try read("sample"))
        case .releaseIntended:
            self = .releaseIntended(
                service: try read("service"),
                color: try read("color"),
                instances: try read("instances"),
                nextFire: try read.optional("nextFire"))
        case .released:
            self = .released(
                service: try read("service"),
                color: try read("color"),
                nextFire: try read.optional("nextFire"))
        case .acquireIntended:
            self = .acquireIntended(
                service: try read("service"),
                color: try read("color"),
                nextFire: try read.optional("nextFire"))
        case .acquired:
            self = .acquired(
                service: try read("service"),
                color: try read("color"),
                nextFire: try read.optional("nextFire"))
        case .missedRunIntended:
            self = .missedRunIntended(service: try read("service"), color: try read("color"), due: try read("due"))
        case .missedRunStarted:
            self = .missedRunStarted(service: try read("service"), color: try read("color"), due: try read("due"))
        case .missedRunInDoubt:
            self = .missedRunInDoubt(service: try read("service"), color: try read("color"), due: try read("due"))
        case .handBackStarted: self = .handBackStarted(failure: try read.optional("failure"))
        case .servicesRecorded:
            self = .servicesRecorded(color: try read("color"), services: try read("services"))
        case .approvalRequested:
            self = .approvalRequested(step: try read("step"), count: try read("count"), reason: try read("reason"))
        case .approvalGiven:
            self = .approvalGiven(
                step: try read("step"),
                by: try read("by"),
                user: try read.optional("user"),
                host: try read.optional("host"),
                note: try read.optional("note"),
                signature: try read.optional("signature"))
        case .skipRequested:
            self = .skipRequested(step: try read("step"), reason: try read("reason"), by: try read("by"))
        case .listingIntended:
            self = .listingIntended(loadBalancer: try read("loadBalancer"), servers: try read("servers"))
        case .outputsGiven: self = .outputsGiven(step: try read("step"), values: try read("values"))
        case .pauseRequested: self = .pauseRequested(by: try read("by"))
        case .resumeRequested: self = .resumeRequested(by: try read("by"))
        case .abortRequested: self = .abortRequested(by: try read("by"))
        case .rollbackRequested: self = .rollbackRequested(by: try read("by"))
        case .rollbackStarted: self = .rollbackStarted
        case .noted: self = .noted(text: try read("text"))
        }
    }
}
