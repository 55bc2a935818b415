import Digest
import FoundationEssentials
import Glibc
import Migration

/// Makes plans.
public struct Planner: Sendable {
    let environment: Environment
    let runbook: Runbook
    let operation: any PlannedOperation
    /// How long each step took in earlier runs.
    private let history: [StepID: Period]
    /// What earlier runs have shown.
    private let proofs: Proofs

    public init(
        environment: Environment, runbook: Runbook, operation: any PlannedOperation, history: [StepID: Period] = [:],
        proofs: Proofs = Proofs()
    ) {
        self.environment = environment
        self.runbook = runbook
        self.operation = operation
        self.history = history
        self.proofs = proofs
    }

    /// The plan for the world as observed. Pure: the same inputs give the same plan.
    ///
    /// - Parameter lifted: limits that the run is to do without.
    public func plan(
        _ observation: Observation, at time: Instant, lifting lifted: [LiftedLimit] = []
    ) throws(Failure) -> Plan {
        let order = LaunchOrder(observation.rewritten)
        let services = try order.planned().map { service in
            var service = service
            service.findings = observation.findings[service.id, default: []]
            return service
        }
        let steps = steps(services, order, observation, lifted)
        try refuseAmbiguous(steps)
        var plan = Plan(
            id: "", operation: operation.name, environment: environment, direction: observation.direction,
            createdAt: time,
            source: observation.source, world: try world(observation),
            phases: operation.phases, steps: steps, onHalt: onHalt, compensations: operation.compensations,
            provisioning: observation.provisioning, destruction: observation.destruction,
            services: services,
            capacity: observation.capacity, ignored: observation.ignored, drifts: observation.drifts, lifted: lifted,
            unreachable: observation.unreachable,
            warnings: observation.obstacles.filter { !$0.isBlocking }.map(\.text) + warnings(observation)
                + warnings(observation.certificates, at: time) + insecurePlaces + environment.lateMeasurements
                + clearPlaces(Array(observation.inventory.values)) + visibleArguments,
            obstacles: observation.obstacles.filter(\.isBlocking).map(\.text) + services.flatMap(unanswered))
        if operation.phases.contains(where: { $0.traits.contains(.returnsTrafficOnFailure) }) {
            plan.obstacles +=
                plan.limitObstacles(observation.loadBalancers, observation.peaks)
                + plan.blindObstacles(observation.loadBalancers)
                + plan.uncountedObstacles(observation.loadBalancers)
            plan.warnings = plan.liftedWords + plan.warnings + plan.limitWarnings(observation.loadBalancers)
            plan.warnings +=
                plan.blindWarnings(observation.loadBalancers) + plan.uncountedWarnings(observation.loadBalancers)
                + plan.shareWarnings(observation.loadBalancers) + plan.registrationWarnings(observation.inventory)
                + proofs.warnings(environment, at: time)
        }
        let found = try plan.windowObstacles() + plan.policyObstacles(observation)
        plan.obstacles += found.filter(\.isBlocking).map(\.text)
        plan.warnings += found.filter { !$0.isBlocking }.map(\.text)
        plan.id = try plan.sealedID()
        return plan
    }

    /// The part of the observation whose change makes a plan stale.
    public func world(_ observation: Observation) throws(Failure) -> World {
        var backends: [String: [String]] = [:]
        for (name, state) in observation.loadBalancers {
            for rule in environment.traffic.on(name) {
                backends["\(name)/\(rule.backend)"] = state.backends[rule.backend]?.servers.map(\.name).sorted()
            }
        }
        return World(
            live: observation.live ?? observation.direction.old,
            servers: observation.inventory.mapValues { $0.hosts.map(\.name).sorted() },
            services: Dictionary(
                observation.services.map {
                    ($0.id, WorldService($0))
                }, uniquingKeysWith: { first, _ in first }),
            backends: backends, configuration: try configuration(observation.source))
    }

    private func steps(
        _ services: [PlannedService], _ order: LaunchOrder, _ observation: Observation, _ lifted: [LiftedLimit]
    ) -> [Step] {
        steps(
            StepScope(
                environment: environment, direction: observation.direction, services: services, needed: order.needed,
                serverCount: observation.inventory[observation.direction.old]?.hosts.count ?? 0,
                drifts: observation.drifts, lifted: lifted, unreachable: observation.unreachable))
    }

    /// What the runbook has done when a run of it has halted.
    var onHalt: [Step] {
        (runbook.onHalt ?? []).compactMap { line in
            let hook = StepLine(line, phase: .onHalt, rule: PhaseRule(steps: []), needs: [])
            switch line.work {
            case .exec(let work): return hook.step(work.title, .exec(work), estimate: .zero)
            case .http(let work): return hook.step(work.title, .http(work), estimate: .zero)
            case .builtIn, .approval, .wait: return nil
            }
        }
    }

    func steps(_ scope: StepScope) -> [Step] {
        let expansion = StepExpansion(operation: operation, scope: scope)
        return operation.phases.flatMap { phase in
            operation.rule(of: phase.id, in: runbook, scope).map { expansion.steps(of: phase.id, rule: $0) } ?? []
        }.map { step in
            var step = step
            // People took the time that they took, and windows were when they were.
            if step.action.waitsForOthers { return step }
            if let measured = history[step.id] { step.estimate = measured }
            return step
        }
    }

    /// What a person has to do, or should know, about services.
    private func warnings(_ observation: Observation) -> [String] {
        let old = observation.direction.old
        let left = observation.ignored.filter(\.isLeftToPeople).map { service in
            "\(service.id) stays on \(old) for a person to move; the servers of \(old) are destroyed in tearDown"
        }
        let deploying = observation.rewritten.filter(\.isDeploying).map { service in
            "\(service.id) is changed by a deployment under way on \(old): what is launched is its target"
        }
        return left + deploying + unproven(observation)
    }

    /// What no one can compare, because a framework does not report it.
    private func unproven(_ observation: Observation) -> [String] {
        let services = observation.findings.filter { $0.value.contains { $0.kind == .unproven } }.keys.sorted()
        guard let first = services.first else { return [] }
        let names = services.count == 1 ? "\(first)" : "\(first) and \(services.count - 1) more"
        return [
            "unproven: the variables of \(names) are compared by the definition that was sent, as mesos-compose "
                + "reports none"
        ]
    }

    /// Certificates that are not taken, or end soon. Those of the new color may be made again before they are needed.
    private func warnings(_ certificates: [Color: [CertificateSighting]], at time: Instant) -> [String] {
        Color.allCases.flatMap { color in
            certificates[color, default: []].compactMap { $0.warning(at: time) }.map { "\(color): \($0)" }
        }
    }

    /// Where no certificate is verified, and why.
    var insecurePlaces: [String] { environment.insecurePlaces + runbook.insecurePlaces }

    /// Where a secret is an argument of a program.
    var visibleArguments: [String] { environment.visibleArguments + runbook.visibleArguments }

    /// Where a secret crosses a network in clear.
    func clearPlaces(_ inventories: [Inventory]) -> [String] {
        // A color without servers has no addresses yet; those that are written out hold for it, too.
        let known = inventories + [Inventory()]
        return environment.clearPlaces(known) + runbook.clearPlaces(known)
    }

    /// What of a service no one has answered, with the ways to answer it.
    private func unanswered(_ service: PlannedService) -> [String] {
        service.findings.filter { $0.judgement == .blocking }.map { finding in
            let kind = finding.kind
            let accepted = kind.canBeAccepted ? ", or accept it: `accept: { \(kind): why }`" : ""
            return "\(service.id) \(finding.path): \(finding.text). Answer it with an override\(accepted)"
        }
    }

    /// A run tells its steps apart by their ids.
    func refuseAmbiguous(_ steps: [Step]) throws(Failure) {
        var seen: Set<StepID> = []
        guard let twice = steps.first(where: { !seen.insert($0.id).inserted }) else { return }
        throw Failure(
            "Two steps of the plan are called \(twice.id)", at: "runbook \(runbook.name)",
            advice: "Give the steps of a phase ids of their own, and each step of the cutover another weight.")
    }

    func configuration(_ source: PinnedSource) throws(Failure) -> String {
        SHA256.hexadecimal(
            of: try environment.canonicalText + runbook.canonicalText + (source.commit ?? "none")
                + source.changed.joined(separator: "\n"))
    }
}
