import Migration
import Operations
import Reporting
import Testing

@Suite("Events as lines")
struct EventLinesTests {
    @Test("report every kind of event in words, and nothing of those for machines only")
    func every() throws {
        let lines = EventLines(Example.plan())
        let step: StepID = "replicate/launch/shop/cart"
        let sample = GateSample(
            gate: "errorRate", subject: "edge-1/be_shop", verdict: .fail, value: 0.018, limit: 0.001, samples: 12_410,
            message: "edge-1/be_shop: 1.8 % errors of 12410 requests, limit 0.1 %")
        let kinds: [Event.Kind] = [
            .runStarted(environment: "shop", plan: "p-7d0a41", from: .blue, to: .green, by: "ada@ops-1"),
            .runResumed(by: "ada@ops-2"), .runPaused, .runHalted(failure: Example.failure), .runAborted, .runRolledBack,
            .runCompleted, .phaseEntered(phase: .cutOver), .stepStarted(step: step, attempt: 1),
            .stepStarted(step: step, attempt: 2), .stepIntended(step: step, intent: "launch it"),
            .stepWaiting(step: step, reason: "/shop/cart: 1 of 3 healthy; 2 offers declined: InsufficientMemory"),
            .stepCompleted(step: step, summary: "3 of 3 healthy"),
            .stepFailed(
                step: step, attempt: 1,
                failure: Failure(
                    "Marathon rejected the definition", at: "POST http://10.2.0.10:8080/v2/apps",
                    details: ["Object is not valid", "/upgradeStrategy: is greater than 1"])),
            .stepRetried(step: step, at: Example.start + .seconds(4)),
            .stepSkipped(step: step, failure: Failure("it exited with 3")),
            .undoStarted(step: step), .undoCompleted(step: step, summary: "stopped"),
            .undoFailed(step: step, failure: Failure("Marathon does not answer: connection refused")),
            .trafficFound(found: FoundTraffic()), .oldSideMeasured(usual: [:]),
            .newSideFailed(failure: Failure("green failed the gate errorRate in soak", at: "edge-1/be_web")),
            .trafficIntended(share: Percent(10)),
            .trafficVerified(share: Percent(10), loadBalancers: ["edge-1", "edge-2"]),
            .trafficSampled(samples: Example.samples(green: 0.1)),
            .trafficDriftDetected(loadBalancer: "edge-2", reason: "a reload or a restart forgets them"),
            .trafficDriftCorrected(loadBalancer: "edge-2", reason: "a reload or a restart forgets them"),
            .trafficReturnIntended,
            .trafficReturned(loadBalancers: ["edge-1", "edge-2"], took: Period(milliseconds: 412)),
            .trafficReturnFailed(failure: Failure("edge-2 does not answer", at: "tcp:10.0.0.3:9999")),
            .oldSideQuiet(since: Example.start), .gateSampled(sample: sample), .gatePassed(gate: "cutOver 10 %"),
            .gateFailed(sample: sample),
            .approvalRequested(step: "tearDown/approval", count: 2, reason: "before tearDown"),
            .approvalGiven(step: "tearDown/approval", by: "grace"), .pauseRequested(by: "ada"),
            .resumeRequested(by: "ada"),
            .skipRequested(step: "standUp/announce", reason: "the chat is down", by: "ada"),
            .abortRequested(by: "ada"), .rollbackRequested(by: "ada"), .rollbackStarted, .noted(text: "a remark"),
            .stepStarted(step: "unknown/step", attempt: 1),
            .outputsGiven(step: "preflight/count", values: ["id": "CHG 4711", "rows": "7"]),
        ]
        let texts = kinds.enumerated().map { index, kind in
            lines.line(
                for: Event(run: "r", sequence: index + 1, time: Example.start + .seconds(Int64(index)), kind: kind))
                ?? "(\(String("\(kind)".prefix { $0 != "(" })): nothing)"
        }
        try expectGolden(texts.joined(separator: "\n") + "\n", "event-lines", width: 120)
    }
}
