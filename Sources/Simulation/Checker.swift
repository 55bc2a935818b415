import Migration

/// A promise that was broken, with the moment at which it was.
public struct BrokenPromise: Error, Sendable, Hashable, CustomStringConvertible {
    /// `I1` to `I10` of the design, or `liveness`.
    public var promise: String
    public var explanation: String

    public var description: String { "\(promise): \(explanation)" }
}

/// Judges every event and every effect of a simulation by the ten invariants.
///
/// It looks at the world itself, not at what rz believes of it.
final class Checker {
    let plan: Plan
    /// What the live color runs, deployments on the way included.
    var live: ColorState
    private(set) var broken: [BrokenPromise] = []
    private var epochs: [String: Int] = [:]
    private var lastLook: [Looker: [LoadBalancerID: Int64]] = [:]
    /// When weights were last verified, in milliseconds.
    private var verifiedAt: Int64 = 0
    private var lastFailedRequests = 0
    /// Until when failed requests are the fault of the world, not of rz.
    var isExcusedUntil: Int64 = 0
    /// When somebody last changed weights by hand.
    var meddledAt: Int64 = -1

    private var old: Color { plan.direction.old }
    private var new: Color { plan.direction.new }

    init(_ scenario: Scenario) {
        plan = scenario.plan
        live = scenario.world[scenario.plan.direction.old]
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
        if case .loadBalancer(let name) = call.target { lastLook[looker, default: [:]][name] = time }
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
        switch call.target {
        case .loadBalancer(let name): checkWeights(call, looker, name, before, after)
        case .cluster(let color), .servers(let color):
            if color == old, before[old] != after[old] { checkOldColor(call, issuedAt, before, after, state) }
        case .disks: break
        }
        checkRunsOnce(call, after)
    }

    // MARK: - Events

    func happened(_ event: Event, _ state: RunState, _ world: WorldState) {
        for violation in violations(of: state, plan) { breaks(violation.promise, violation.description) }
        checkCapacity(world)
        checkSecrets(event)
        if case .trafficVerified = event.kind { verifiedAt = world.time }
        if case .oldSideQuiet = event.kind { checkQuiet("drain was called over", world) }
    }

    /// I1: there is always a server that takes the requests, unless the world itself took them all away.
    func checkCapacity(_ world: WorldState) {
        guard world.failedRequests > lastFailedRequests else { return }
        if world.time > isExcusedUntil {
            breaks("I1", "\(world.failedRequests - lastFailedRequests) requests found no server up to \(world.time) ms")
        }
        lastFailedRequests = world.failedRequests
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
    private func checkQuiet(_ what: String, _ world: WorldState) {
        // What a load balancer forgets while rz looks, or between a look and what follows it, nobody can know.
        let known = world.loadBalancers.filter { $0.resetAt < 0 || world.time - $0.resetAt > Checker.blindness }
        let lastBusy = known.flatMap(\.servers).filter { $0.color == old }.map(\.busyUntil).max() ?? 0
        let quiet = plan.environment.drain.quiet.milliseconds
        if world.time - lastBusy < quiet {
            breaks("I3", "\(what) after only \(world.time - lastBusy) ms of quiet instead of \(quiet)")
        }
    }

    /// How long rz may take to notice what a load balancer forgot, in milliseconds: one look that gets no answer.
    private static let blindness: Int64 = 15_000

    // MARK: - I1: weights

    /// A color is lowered only when the other one verifiably carries what it then has to, on every load balancer.
    private func checkWeights(
        _ call: Call, _ looker: Looker, _ name: LoadBalancerID, _ before: WorldState, _ after: WorldState
    ) {
        for backend in after[name]?.backends ?? [] {
            for color in Color.allCases {
                guard let was = before[name]?.weights(of: color, in: backend),
                    let now = after[name]?.weights(of: color, in: backend), now.reduce(0, +) < was.reduce(0, +)
                else { continue }
                // Going back is done on each load balancer by itself, so that one that is down keeps none waiting; and
                // so is what puts right what one of them forgot.
                let isPutRight = (before[name]?.resetAt ?? 0) > verifiedAt
                let others = color == old && !isPutRight ? after.loadBalancers.map(\.name) : [name]
                for other in others {
                    guard let balancer = after[other], !wasResetUnseen(balancer, looker) else { continue }
                    let part = balancer.part(of: color, in: backend, weights: now)
                    let carried = balancer.weights(of: color.other, in: backend)
                    let rounding = carried.count == now.count ? 0.000_001 : Checker.rounding
                    if part + balancer.part(of: color.other, in: backend, weights: carried) < 1 - rounding {
                        breaks(
                            "I1",
                            "\(looker.process) lowered \(color) on \(name) to \(now) while \(color.other) has "
                                + "\(carried) on \(other)")
                    }
                }
            }
        }
    }

    /// Weights are whole numbers, and small ones where one color has many more servers than the other.
    private static let rounding = 0.06

    private func wasResetUnseen(_ balancer: SimulatedLoadBalancer, _ looker: Looker) -> Bool {
        balancer.resetAt >= lastLook[looker]?[balancer.name] ?? -1
    }

    // MARK: - I2 and I3: the old color

    private func checkOldColor(
        _ call: Call, _ issuedAt: Int64, _ before: WorldState, _ after: WorldState, _ state: RunState
    ) {
        if onlyHandsOver(before[old], after[old]) { return }
        // What happens while a call is on its way, nobody can know who makes it.
        if meddledAt >= issuedAt || after.loadBalancers.contains(where: { $0.resetAt >= issuedAt }) { return }
        if state.traffic.quietSince == nil {
            breaks("I2", "“\(call.description)” before drain was over")
        }
        checkQuiet("“\(call.description)”", after)
        if before.disksAreBuilt, !after.disksAreBuilt { breaks("I3", "“\(call.description)” destroyed the disks") }
    }

    /// Whether only services that may run once were suspended or activated.
    private func onlyHandsOver(_ before: ColorState, _ after: ColorState) -> Bool {
        var same = after
        for (id, launched) in before.services where launched.service.mode.runsOnce {
            guard after.services[id] != nil else { return false }
            same.services[id] = launched
        }
        return same == before
    }

    // MARK: - I4

    private func checkRunsOnce(_ call: Call, _ world: WorldState) {
        for service in plan.services where service.mode.runsOnce {
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

extension SimulatedLoadBalancer {
    /// With which new requests are shared out: in `drain` and `maint` a server gets none.
    func weights(of color: Color, in backend: String) -> [Int] {
        servers.filter { $0.color == color && $0.backend == backend }
            .map { $0.administration == .ready ? $0.weight : 0 }
    }

    /// How much of a backend's traffic these weights of a color amount to, 1 being what it has when it carries all.
    fileprivate func part(of color: Color, in backend: String, weights: [Int]) -> Double {
        let full = servers.filter { $0.color == color && $0.backend == backend }.map { max($0.configuredWeight, 100) }
        return Double(weights.reduce(0, +)) / Double(max(1, full.reduce(0, +)))
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
