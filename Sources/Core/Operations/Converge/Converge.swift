import Migration
import Planning

extension Operation {
    /// Takes back what hands changed on the live color, which is the new one of its plans: no traffic moves, and no server
    /// that may have users is replaced.
    package static let converge = Operation(
        name: "converge",
        phases: [
            Phase(.preflight), Phase(.standUp), Phase(.configure), Phase(.platformGate), Phase(.services),
            Phase(.loadBalancers),
        ],
        compensations: [],
        steps: [
            ConvergeChecksStep(), ConvergeServersStep(), ConfigurationStep(), PlatformStep(), ConvergeServicesStep(),
            ConvergeLoadBalancersStep(),
        ],
        words: OperationWords(
            title: { "converge \($0.direction.new)" },
            heading: { plan in
                "live: \(plan.direction.new)      "
                    + (plan.drifts.isEmpty ? "no drift" : Wording.count(plan.drifts.count, "drift"))
            },
            done: { plan, _ in
                let left = plan.driftLeft.count
                return "\(plan.direction.new) is as it is described"
                    + (left == 0 ? "" : ", but for \(Wording.count(left, "drift")) that only a person can take back")
            },
            aborted: { "what was taken back on \($0.direction.new) stays so" },
            rolledBack: { plan, _ in "the services of \(plan.direction.new) are as they were found" },
            isSaved: false, afterwards: { _ in nil }),
        problems: { _, _ in [] },
        observe: { observer, source, request throws(Failure) in
            try await observer.observeDrift(in: request.areas, source)
        }, takesDriftBack: true, rule: convergeRule)

    /// The steps that the drifts need, with the times that the runbook gives them. What operators added to the runbook is
    /// for a color without users, and is no part of it.
    @Sendable
    private static func convergeRule(_ phase: PhaseID, _ runbook: Runbook, _ scope: StepScope) -> PhaseRule? {
        let areas = Set(scope.drifts.filter { $0.remedy != nil }.map(\.area))
        let uses: [BuiltIn]
        switch phase {
        case .preflight: uses = areas.isEmpty ? [] : [.checks]
        case .standUp: uses = areas.contains(.servers) ? [.servers] : []
        case .configure: uses = areas.isDisjoint(with: [.servers, .configuration]) ? [] : [.configuration]
        case .platformGate: uses = areas.isDisjoint(with: [.servers, .configuration]) ? [] : [.platform]
        case .services: uses = areas.contains(.services) ? [.services] : []
        case .loadBalancers: uses = areas.contains(.loadBalancers) ? [.loadBalancers] : []
        default: uses = []
        }
        guard !uses.isEmpty else { return nil }
        let known = runbook.phases[phase]
        return PhaseRule(
            steps: uses.map { use in
                known?.steps.first { $0.work == .builtIn(use) }.map {
                    RunbookStep(id: $0.id, work: $0.work, timeout: $0.timeout, retries: $0.retries)
                } ?? RunbookStep(id: use.rawValue, work: .builtIn(use), timeout: .minutes(30), retries: 2)
            })
    }
}

extension PhaseID {
    package static var services: PhaseID { "services" }
    package static var loadBalancers: PhaseID { "loadBalancers" }
}

extension Plan {
    /// What no step takes back.
    fileprivate var driftLeft: [Drift] { drifts.filter { $0.remedyIsMissing(in: self) } }

    /// Whether a run of the plan that is done leaves drift to people.
    package var leavesDrift: Bool { !driftLeft.isEmpty }
}

extension Drift {
    /// Whether no step of a plan takes it back.
    fileprivate func remedyIsMissing(in plan: Plan) -> Bool {
        switch area {
        case .servers: !plan.steps.contains { $0.action == .convergeServers }
        case .configuration: !plan.steps.contains { $0.action == .configure }
        case .services: !plan.steps.contains { $0.action.service?.text == subject }
        case .loadBalancers: !plan.steps.contains { $0.action.kind == ConvergeLoadBalancersStep.name }
        case .certificates: true
        }
    }
}
