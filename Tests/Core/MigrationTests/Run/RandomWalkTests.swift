import Migration
import Operations
import Testing

@Suite("Random runs")
struct RandomWalkTests {
    @Test("of an engine that obeys keep every promise and come to an end", arguments: 0..<UInt64(400))
    func obedient(seed: UInt64) {
        var walk = Walk(seed: seed)
        walk.story.starts()
        for _ in 0..<2000 {
            walk.advance()
            let broken = violations(of: walk.story.state, walk.story.plan)
            guard broken.isEmpty else {
                Issue.record("seed \(seed): \(broken)\n\(walk.log.suffix(30).joined(separator: "\n"))")
                return
            }
            if walk.story.state.status.isEnded { return }
        }
        Issue.record("seed \(seed): no end\n\(walk.log.suffix(30).joined(separator: "\n"))")
    }

    @Test("of events without sense never crash the core", arguments: 0..<UInt64(200))
    func senseless(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var story = Story(.small(launches: Int.random(in: 0...4, using: &generator)))
        for _ in 0..<300 {
            story.happens(Walk.anyEvent(story.plan, now: story.now, using: &generator))
            _ = story.next
            _ = violations(of: story.state, story.plan)
        }
        #expect(story.state.sequence == 300)
    }
}

/// Does what `decide` says, with failures, crashes and people who ask for things, as chance has it.
private struct Walk {
    var story: Story
    private(set) var log: [String] = []
    private var generator: SeededGenerator
    private var mishaps = 40

    init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let launches = Int.random(in: 1...3, using: &generator)
        let rules = [Phase].rzUpdate.map(\.id).map { _ in OnFailure.allCases.randomElement(using: &generator) ?? .halt }
        self.generator = generator
        story = Story(
            .small(launches: launches, hasJob: true) { steps in
                for index in steps.indices
                where [Phase].rzUpdate.before(.cutOver).contains(where: { $0.id == steps[index].phase })
                    && steps[index].undo == .free
                {
                    steps[index].onFailure = rules[index % rules.count]
                }
            })
    }

    mutating func advance() {
        if mishaps > 0, chance(12) { interfere() }
        if case .halted = story.state.status { return happens(.runResumed(by: "ada")) }
        if story.state.status == .paused, chance(2) { happens(.resumeRequested(by: "ada")) }
        let commands = story.next
        if let command = commands.randomElement(using: &generator) { obey(command) }
        finishSomething()
    }

    private mutating func interfere() {
        mishaps -= 1
        let kinds: [Event.Kind] = [
            .pauseRequested(by: "ada"), .resumeRequested(by: "ada"), .abortRequested(by: "ada"),
            .rollbackRequested(by: "ada"), .runResumed(by: "ada"), .runResumed(by: "ada"), .noted(text: "x"),
        ]
        // Most people are not that nervous: an abort or a rollback ends the run early.
        let kind = kinds.randomElement(using: &generator) ?? .noted(text: "x")
        switch kind {
        case .abortRequested, .rollbackRequested: if chance(6) { happens(kind) }
        default: happens(kind)
        }
    }

    private mutating func obey(_ command: Command) {
        log.append("  \(command)")
        switch command {
        case .enter(let phase): happens(.phaseEntered(phase: phase))
        case .perform(let step, let attempt):
            happens(.stepStarted(step: step, attempt: attempt))
            if chance(2) { happens(.stepIntended(step: step, intent: "x")) }
        case .retry(let step, let time): happens(.stepRetried(step: step, at: time))
        case .skip(let step, let failure): happens(.stepSkipped(step: step, failure: failure))
        case .stopStepsUnderWay:
            for (id, step) in story.state.steps.sorted(by: { $0.key < $1.key }) where step.progress == .running {
                happens(.stepFailed(step: id, attempt: step.attempt, failure: .cancelled))
            }
        case .returnTraffic:
            happens(.trafficReturnIntended)
            if mishaps > 0, chance(3) {
                mishaps -= 1
                happens(.trafficReturnFailed(failure: Failure("edge-1 is down")))
            } else if chance(2) {
                happens(.trafficReturned(loadBalancers: ["edge-1"], took: .seconds(1)))
            }
        case .startHandBack(let failure): happens(.handBackStarted(failure: failure))
        case .startRollback: happens(.rollbackStarted)
        case .undo(let step): happens(.undoStarted(step: step))
        case .pause: happens(.runPaused)
        case .halt(let failure): happens(.runHalted(failure: failure))
        case .finish(.done): happens(.runCompleted)
        case .finish(.aborted): happens(.runAborted)
        case .finish: happens(.runRolledBack)
        case .wake(let time): story.now = max(story.now, time)
        }
    }

    private mutating func finishSomething() {
        let underWay = story.state.steps.filter { $0.value.progress == .running || $0.value.progress == .undoing }
        guard chance(2), let id = underWay.keys.sorted().randomElement(using: &generator),
            let known = underWay[id], let step = story.plan.step(id)
        else { return }
        let isMishap = mishaps > 0 && chance(6)
        if isMishap { mishaps -= 1 }
        let failure = Failure("broken", kind: chance(2) ? .transient : .permanent)
        if known.progress == .undoing {
            happens(isMishap ? .undoFailed(step: id, failure: failure) : .undoCompleted(step: id, summary: ""))
            return
        }
        if !known.isIntended { happens(.stepIntended(step: id, intent: "x")) }
        if let share = step.action["to"].flatMap({ Percent($0) }) {
            happens(.trafficIntended(share: share))
            if !isMishap { happens(.trafficVerified(share: share, loadBalancers: ["edge-1"])) }
        }
        if step.action == .drain, !isMishap { happens(.oldSideQuiet(since: story.now)) }
        happens(
            isMishap
                ? .stepFailed(step: id, attempt: known.attempt, failure: failure)
                : .stepCompleted(step: id, summary: "done"))
    }

    private mutating func happens(_ kind: Event.Kind) {
        log.append("\(kind)")
        story.happens(kind)
    }

    private mutating func chance(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &generator) == 0 }

    static func anyEvent(_ plan: Plan, now: Instant, using generator: inout SeededGenerator) -> Event.Kind {
        let step = (plan.steps.map(\.id) + ["nowhere"]).randomElement(using: &generator) ?? "nowhere"
        let kinds: [Failure.Kind] = [.transient, .permanent, .unknownEffect, .cancelled, .refused]
        let failure = Failure("x", kind: kinds.randomElement(using: &generator) ?? .permanent)
        let attempt = [Int.min, -1, 0, 1, 2, 63, Int.max].randomElement(using: &generator) ?? 1
        let share = Percent(thousandths: Int.random(in: -1...100_001, using: &generator))
        let phase = [Phase].rzUpdate.map(\.id).randomElement(using: &generator) ?? .drain
        let events: [Event.Kind] = [
            .runStarted(environment: "e", plan: "p", from: .blue, to: .green, by: "x"), .runResumed(by: "x"),
            .runPaused,
            .runHalted(failure: failure), .runAborted, .runRolledBack, .runCompleted, .phaseEntered(phase: phase),
            .stepStarted(step: step, attempt: attempt), .stepIntended(step: step, intent: "x"),
            .stepWaiting(step: step, reason: "x"), .stepCompleted(step: step, summary: "x"),
            .stepFailed(step: step, attempt: attempt, failure: failure), .stepRetried(step: step, at: now),
            .stepSkipped(step: step, failure: failure), .undoStarted(step: step),
            .undoCompleted(step: step, summary: "x"),
            .undoFailed(step: step, failure: failure), .trafficIntended(share: share),
            .trafficVerified(share: share, loadBalancers: []), .trafficSampled(samples: []),
            .trafficDriftDetected(loadBalancer: "edge-1", reason: "x"),
            .trafficDriftCorrected(loadBalancer: "edge-1", reason: "x"), .trafficReturnIntended,
            .trafficReturned(loadBalancers: [], took: .zero), .trafficReturnFailed(failure: failure),
            .oldSideQuiet(since: now), .gatePassed(gate: "x"), .approvalRequested(step: step, count: 1, reason: "x"),
            .approvalGiven(step: step, by: "x"), .pauseRequested(by: "x"), .resumeRequested(by: "x"),
            .abortRequested(by: "x"), .rollbackRequested(by: "x"), .rollbackStarted, .noted(text: "x"),
            .releaseIntended(service: "job", color: .blue, instances: 1, nextFire: now),
            .released(service: "job", color: .blue, nextFire: now),
            .acquireIntended(service: "job", color: .green, nextFire: now),
            .acquired(service: "job", color: .green, nextFire: now),
            .missedRunIntended(service: "job", color: .green, due: now),
            .missedRunStarted(service: "job", color: .green, due: now),
            .missedRunInDoubt(service: "job", color: .green, due: now), .handBackStarted(failure: failure),
            .servicesRecorded(color: .green, services: ["job": WorldService(fingerprint: "f", instances: 1)]),
        ]
        return events.randomElement(using: &generator) ?? .runPaused
    }
}
