import Engine
import Migration
import Operations

/// A promise that was broken, with the moment at which it was.
public struct BrokenPromise: Error, Sendable, Hashable, CustomStringConvertible {
    /// `I1` to `I13` of the design, `users`, or `liveness`.
    public var promise: String
    public var explanation: String

    public var description: String { "\(promise): \(explanation)" }
}

/// Judges every event and every effect of a simulation by the invariants.
///
/// It looks at the world itself and at how its users fare, not at what rz believes of it.
final class Checker {
    let plan: Plan
    /// What the live color runs, deployments on the way included.
    var live: ColorState
    private(set) var broken: [BrokenPromise] = []
    private var epochs: [String: Int] = [:]
    var lastLook: [Looker: [LoadBalancerID: Int64]] = [:]
    /// When weights were last verified, in milliseconds.
    var verifiedAt: Int64 = 0
    /// The new color's share that was verified last, since users last went back.
    var verifiedShare = Percent.none
    private var lastDeniedRequests = 0
    /// Until when failed requests are the fault of the world, not of rz.
    var isExcusedUntil: Int64 = 0
    /// When someone last changed weights by hand.
    var meddledAt: Int64 = -1
    /// Servers that a person took out, as `backend/server`: they stay out.
    var takenOut: Set<String> = []
    /// Backends, as `load balancer/backend`, that an old color which does not answer did not serve when rz found them: whom
    /// no one there can serve is given back to no one.
    var givenUp: Set<String> = []
    /// How each load balancer stood when rz first changed something there.
    var found: [LoadBalancerID: SimulatedLoadBalancer] = [:]
    /// When nothing could be taken back any more.
    var pointOfNoReturn: Int64?
    /// Since when users suffer though rz could end it, by `load balancer/backend`.
    var sufferingSince: [String: Int64] = [:]
    /// For how long they may, in milliseconds.
    var patience: Int64 = 15_000
    /// The rz that holds the lock and runs, and since when it does.
    var watcher: (process: String, since: Int64)?

    // Of runs that move no traffic.
    var inUseSince: [String: Int64] = [:]
    var lastClusterLook: [Looker: Int64] = [:]
    /// When someone last changed a service that a run is about.
    var changedByHand: [ServiceID: (at: Int64, fingerprint: String)] = [:]
    /// What it knows of how the run keeps the limits of its cutover.
    var limits = LimitsWatch()
    /// Who said yes to a step since the traffic was last on the old color alone.
    private var approved: [StepID: Set<String>] = [:]
    /// Steps that were begun.
    var intended: Set<StepID> = []

    /// When a process was last stopped, and went on.
    var stops: (String) -> (begin: Int64, end: Int64)? = { _ in nil }

    var old: Color { plan.direction.old }
    var new: Color { plan.direction.new }

    init(_ scenario: Scenario) {
        plan = scenario.plan
        live = scenario.live
    }

    func breaks(_ promise: String, _ explanation: String) {
        if broken.count < 10 { broken.append(BrokenPromise(promise: promise, explanation: explanation)) }
    }

    func begins(_ process: SimulatedProcess, epoch: Int) { epochs[process.name] = epoch }

    // MARK: - Calls

    /// I6: only the holder of the lock may ask for a change.
    func issued(_ call: Call, by process: SimulatedProcess, _ simulation: Simulation) {
        guard let epoch = epochs[process.name] else { return }
        if !simulation.journal.isHeld(under: epoch) {
            breaks("I6", "\(process.name) asked for “\(call.description)” after another took over")
        }
    }

    func observed(_ call: Call, by looker: Looker, _ time: Int64) {
        switch call.target {
        case .loadBalancer(let name): lastLook[looker, default: [:]][name] = time
        case .cluster where call.name == "observe services": lastClusterLook[looker] = time
        case .cluster, .servers, .disks: break
        }
    }

    /// Who knows what it has seen: one step of a process, or its watch over the weights.
    struct Looker: Hashable {
        var process: String
        var activity: String
    }

    func affected(
        _ call: Call, by looker: Looker, issuedAt: Int64, before: WorldState, after: WorldState,
        _ state: RunState
    ) {
        if isUpkeep { return checkUpkeep(call, looker, issuedAt, before, after) }
        switch call.target {
        case .loadBalancer(let name):
            if found[name] == nil, before[name]?.settings != after[name]?.settings { found[name] = before[name] }
            checkWeights(call, looker, name, issuedAt, before, after, state)
            checkLimits(call, name, before, after, state)
        case .cluster(let color), .servers(let color):
            if before[old] != after[old] {
                if color != old { breaks("I11", "“\(call.description)” touched \(old)") }
                checkOldColor(call, issuedAt, before, after, state)
            }
            if color == new, !state.isRollingBack { checkKept(call, before, after) }
            if color == new, state.isRollingBack, hadTraffic(state), takesDown(before[new], after[new]) {
                checkEndOfColor(new, .buildServers, StepID("“\(call.description)”"), issuedAt, before)
            }
        case .disks: break
        }
        checkRunsOnce(call, after)
    }

    /// I12: on its way forward rz takes nothing from the new color that the old one still has, whatever a source tells.
    private func checkKept(_ call: Call, _ before: WorldState, _ after: WorldState) {
        for id in before[new].services.keys.sorted()
        where after[new].services[id] == nil && after[old].services[id] != nil {
            breaks("I12", "“\(call.description)”: \(old) still has \(id)")
        }
    }

    /// Whether users may have been on the new color.
    private func hadTraffic(_ state: RunState) -> Bool {
        plan.steps.contains { step in
            step.action.kind == ShiftStep.name && state.steps[step.id]?.isIntended == true
        }
    }

    private func takesDown(_ before: ColorState, _ after: ColorState) -> Bool {
        after.servers.count < before.servers.count || after.services.count < before.services.count
    }

    /// No share grows beyond a pause without the people who have to say yes to what they saw.
    private func checkPauses(_ event: Event.Kind) {
        switch event {
        case .trafficReturned: approved = [:]
        case .approvalGiven(let step, let by, _, _, _, _): approved[step, default: []].insert(by)
        case .trafficIntended(let share):
            for step in plan.environment.gates.cutOver.steps where step.share < share {
                guard let pause = step.pause else { continue }
                let people = approved.filter { $0.key.text.hasSuffix("-\(step.share.text)-pause") }.flatMap(\.value)
                if people.count < pause.people { breaks("pause", "\(share) though no one said yes to \(step.share)") }
            }
        default: break
        }
    }

    // MARK: - Events

    func happened(_ event: Event, _ state: RunState, _ world: WorldState) {
        for violation in violations(of: state, plan) { breaks(violation.promise, violation.description) }
        checkCapacity(world)
        checkSecrets(event)
        checkFlip(event.kind, world)
        checkPauses(event.kind)
        switch event.kind {
        case .trafficVerified(let share, _):
            verifiedAt = world.time
            verifiedShare = share
            if share == .all { checkCarried(world) }
        case .trafficFound(let found): if plan.unreachable != nil { noteGivenUp(found) }
        case .trafficReturnIntended: verifiedShare = .none
        case .oldSideQuiet: checkQuiet("drain was called over", world)
        case .trafficReturned: checkWayBack("the traffic was called back", world)
        case .stepIntended(let step, _):
            intended.insert(step)
            if !isUpkeep { checkEndOfColor(old, plan.step(step)?.action, step, world.time, world) }
        default: break
        }
    }

    private func noteGivenUp(_ found: FoundTraffic) {
        for (name, backends) in found.servers {
            for rule in plan.environment.traffic.on(name) {
                let isServed = backends[rule.backend]?.contains { rule.color(of: $0.name) == old && $0.serves } ?? true
                if !isServed { givenUp.insert("\(name)/\(rule.backend)") }
            }
        }
    }

    /// I1: there is always a server that takes the requests, unless the world itself took them all away.
    func checkCapacity(_ world: WorldState) {
        guard world.deniedRequests > lastDeniedRequests else { return }
        if world.time > isExcusedUntil {
            breaks("I1", "\(world.deniedRequests - lastDeniedRequests) requests found no server up to \(world.time) ms")
        }
        lastDeniedRequests = world.deniedRequests
    }

    private func checkSecrets(_ event: Event) {
        let texts: [String] =
            switch event.kind {
            case .stepIntended(_, let text), .stepWaiting(_, let text), .stepCompleted(_, let text): [text]
            case .stepFailed(_, _, let failure), .runHalted(let failure), .undoFailed(_, let failure):
                [failure.description]
            case .noted(let text): [text]
            default: []
            }
        if texts.contains(where: { $0.contains(Scenario.canary) }) {
            breaks("I10", "an event holds a secret: \(event.kind)")
        }
    }

    /// I3: the old color has had no session for as long as the policy asks for, by the world's own clock.
    ///
    /// - Parameter looked: since when no look need have shown who comes where no one was.
    func checkQuiet(_ what: String, _ world: WorldState, looked: Int64 = .max) {
        // What happens between a look and what follows it, no one can know.
        let known = world.loadBalancers.filter { balancer in
            guard balancer.process > 1 else { return true }
            let look = lastLook.values.compactMap { $0[balancer.name] }.max() ?? 0
            return look > balancer.startedAt && world.time - balancer.startedAt > Checker.blindness
        }
        let lastBusy =
            known.map { $0.lastBusy(old, sessionLength: world.sessionLength, unseen: looked) }.max() ?? 0
        let quiet = plan.environment.drain.quiet.milliseconds
        if world.time - lastBusy < quiet {
            breaks("I3", "\(what) after only \(world.time - lastBusy) ms of quiet instead of \(quiet)")
        }
    }

    /// How long rz may take to notice that a load balancer was reloaded, in milliseconds.
    private static let blindness: Int64 = 3_000

    // MARK: - I2 and I3: the old color

    private func checkOldColor(
        _ call: Call, _ issuedAt: Int64, _ before: WorldState, _ after: WorldState, _ state: RunState
    ) {
        if onlyHandsOver(before[old], after[old]) { return }
        if plan.unreachable != nil { return checkSuspended(call, before[old], after[old], state) }
        pointOfNoReturn = pointOfNoReturn ?? after.time
        // What happens while a call is on its way, no one can know who makes it.
        if meddledAt >= issuedAt || after.loadBalancers.contains(where: { $0.startedAt >= max(1, issuedAt) }) { return }
        if state.traffic.quietSince == nil {
            breaks("I2", "“\(call.description)” before drain was over")
        }
        checkQuiet("“\(call.description)”", after, looked: issuedAt - TrafficControl.freshness.milliseconds)
        if before.disksAreBuilt, !after.disksAreBuilt { breaks("I3", "“\(call.description)” destroyed the disks") }
    }

    /// Of a color that does not answer as a whole services are suspended where they can be, once all its users have left.
    private func checkSuspended(_ call: Call, _ before: ColorState, _ after: ColorState, _ state: RunState) {
        var same = after
        for (id, launched) in before.services where after.services[id]?.isEnabled == false {
            same.services[id] = launched
        }
        if same != before { breaks("I2", "“\(call.description)” did more than suspend a service") }
        if state.traffic.verified != .all { breaks("I2", "“\(call.description)” before all users had left") }
    }

    /// Whether only singletons were suspended or activated.
    private func onlyHandsOver(_ before: ColorState, _ after: ColorState) -> Bool {
        var same = after
        for (id, launched) in before.services where launched.service.mode.isSingleton {
            guard after.services[id] != nil else { return false }
            same.services[id] = launched
        }
        return same == before
    }

    // MARK: - I4

    private func checkRunsOnce(_ call: Call, _ world: WorldState) {
        for service in plan.services where service.mode.isSingleton {
            let holders = Color.allCases.filter { world[$0].services[service.id]?.isEnabled == true }
            if holders.count > 1 { breaks("I4", "“\(call.description)”: \(service.id) is enabled in both colors") }
            let running = Color.allCases.filter { (world[$0].services[service.id]?.runsUntil ?? 0) > world.time }
            if running.count > 1 { breaks("I4", "“\(call.description)”: \(service.id) runs in both colors") }
        }
        for (job, count) in world.manualRuns where count > world.missedRuns(of: job) {
            breaks("I4", "“\(call.description)”: \(count) runs of \(job) for \(world.missedRuns(of: job)) missed ones")
        }
        for (fire, count) in world.jobRuns where count > 1 {
            breaks("I4", "“\(call.description)”: the run of \(fire.job) at \(fire.time) ms was started \(count) times")
        }
    }
}

extension Violation {
    fileprivate var promise: String {
        switch invariant {
        case .capacityFirst: "I1"
        case .oldColorUntouched: "I2"
        case .quietBeforeTearDown: "I3"
        case .noForgottenFlip: "I7"
        case .everyWaitEnds: "I8"
        }
    }
}
