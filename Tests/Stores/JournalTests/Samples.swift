import Migration
import Operations

/// One event of every kind, and more where a value may be absent.
enum Samples {
    static let failure = Failure(
        "edge-2 refused a weight: \"static\"", at: "tcp:127.0.0.2:9999",
        details: ["line 1", "back\\slash / ünïcode\n"],
        advice: "Use a dynamic algorithm.", kind: .unknownEffect)
    static let gate = GateSample(
        gate: "errorRate", subject: "edge-1/be_shop", verdict: .inconclusive, value: 0.001, limit: 1e-7, samples: 12,
        message: "0.1 %")
    static let traffic = TrafficSample(
        loadBalancer: "edge-1", backend: "be_shop", color: .green, share: 0.1, requestsPerSecond: 123.456,
        errorRate: 0, responseTime: Period(milliseconds: 12), sessions: 3)

    static let kinds: [Event.Kind] = [
        .runStarted(environment: "shop", plan: "p-1", from: .blue, to: .green, by: "anna"),
        .runResumed(by: "anna"), .runPaused, .runHalted(failure: failure), .runAborted, .runRolledBack, .runCompleted,
        .runRepinned(plan: "p-2", commit: "4f1c2e97d0a41", by: "anna@ctl-1"), .phaseEntered(phase: .cutOver),
        .stepStarted(step: "replicate/launch/shop/cart", attempt: 2),
        .stepIntended(step: "a", intent: "apply"), .stepWaiting(step: "a", reason: "1 of 3 healthy"),
        .stepCompleted(step: "a", summary: ""), .stepFailed(step: "a", attempt: 1, failure: failure),
        .stepRetried(step: "a", at: noon),
        .stepSkipped(step: "a", failure: Failure("The work was asked to stop", kind: .cancelled)),
        .undoStarted(step: "a"),
        .undoCompleted(step: "a", summary: "gone"), .undoFailed(step: "a", failure: failure),
        .trafficFound(
            found: FoundTraffic(servers: [
                "edge-1": ["be_web": [FoundServer(name: "blue-1", weight: 100, configuredWeight: 50)]]
            ])),
        .newSideFailed(failure: failure),
        .oldSideMeasured(usual: ["be_web": UsualTraffic(requests: 100, begun: 120, clientErrors: 3)]),
        .trafficIntended(share: Percent(thousandths: 12_500)),
        .trafficVerified(share: .all, loadBalancers: ["edge-1", "edge-2"]), .trafficSampled(samples: []),
        .trafficSampled(samples: [traffic, traffic]),
        .trafficDriftDetected(loadBalancer: "edge-1", reason: "reloaded"),
        .trafficDriftCorrected(loadBalancer: "edge-1", reason: "reloaded"), .trafficReturnIntended,
        .trafficReturned(loadBalancers: [], took: Period(milliseconds: 612)),
        .trafficReturnFailed(failure: failure), .oldSideQuiet(since: noon), .gateSampled(sample: gate),
        .gateSampled(sample: GateSample(gate: "health", subject: "/shop/cart", verdict: .pass, message: "")),
        .gatePassed(gate: "health"), .gateFailed(sample: gate),
        .approvalRequested(step: "a", count: 2, reason: "no way back"), .approvalGiven(step: "a", by: "bo"),
        .approvalGiven(step: "a", by: "bo@ctl-1", user: "bo", host: "ctl-1", note: "CHG 4711"),
        .releaseIntended(service: "report", color: .blue, instances: 0, nextFire: noon),
        .releaseIntended(service: "/shop/db", color: .blue, instances: 2, nextFire: nil),
        .released(service: "report", color: .blue, nextFire: noon),
        .acquireIntended(service: "report", color: .green, nextFire: noon),
        .acquired(service: "report", color: .green, nextFire: nil),
        .missedRunIntended(service: "report", color: .green, due: noon),
        .missedRunStarted(service: "report", color: .green, due: noon),
        .missedRunInDoubt(service: "report", color: .green, due: noon), .handBackStarted(failure: failure),
        .handBackStarted(failure: nil),
        .pauseRequested(by: "anna"), .resumeRequested(by: "anna"), .abortRequested(by: "anna"),
        .rollbackRequested(by: "anna"), .rollbackStarted, .noted(text: "quotes \" and \u{1F600}"),
        .servicesRecorded(
            color: .green,
            services: [
                "/shop/cart": WorldService(fingerprint: "f1", instances: 2, revision: "2026-11-23T12:00:00.000Z"),
                "report": WorldService(fingerprint: "f2", instances: 1),
            ]),
        .serversRegistered(
            servers: ["edge-1": ["be_web": [RegisteredServer(name: "green-1", address: "10.0.0.1:80")]]]),
        .approvalGiven(
            step: "a", by: "ada", user: "ops", host: "ctl-1",
            signature: ApprovalSignature(signer: "ada", text: "U1NIU0lHAAAAAQ==")),
        .skipRequested(step: "standUp/announce", reason: "CHG 4711", by: "ada@ctl-1"),
        .outputsGiven(step: "preflight/count", values: ["id": "CHG 4711", "rows": "7"]),
        .listingIntended(loadBalancer: "edge-1", servers: ["be_web": ["green-1", "green-2"]]),
    ]

    static func caseName(_ kind: Event.Kind) -> String { String("\(kind)".prefix { $0.isLetter }) }
}
