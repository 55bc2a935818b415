import Migration
import Planning

extension Operation {
    /// Moves an environment from its live color to the other one.
    package static let rzUpdate = Operation(
        name: "rz-update", phases: .rzUpdate, compensations: [.returnTraffic, .undoSteps],
        steps: [
            ChecksStep(), DisksStep(), ServersStep(), ConfigurationStep(), PlatformStep(), LaunchStep(), RegisterStep(),
            HealthStep(), ReadyStep(), ShiftStep(), HandOverStep(), DrainStep(), FenceStep(), SoakStep(), StopStep(),
            DestroyStep(),
            UnregisterStep(),
        ],
        words: OperationWords(
            title: { "\($0.direction)" }, heading: rzUpdateHeading,
            done: { plan, end in
                let old = plan.direction.old
                return "\(plan.direction.new) is live, "
                    + (plan.unreachable == nil ? end(old) : "\(old) did not answer and is fenced at the load balancers")
            },
            aborted: { "the traffic is on \($0.direction.old); \($0.direction.new) stays up but receives no traffic" },
            rolledBack: { plan, end in "\(plan.direction.old) carries the traffic, \(end(plan.direction.new))" },
            isSaved: true, afterwards: { "To go back is another update: rz update \($0.environment.name)." }),
        problems: rzUpdateProblems,
        observe: { observer, source, request throws(Failure) in
            request.isOldUnreachable
                ? try await observer.observeUnreachable(source, kept: request.kept, at: request.time)
                : try await observer.observe(source)
        }, rule: rzUpdateRule)

    /// Where the old color does not answer there is no way back to it, and nothing of it is stopped or destroyed.
    @Sendable
    private static func rzUpdateRule(_ phase: PhaseID, _ runbook: Runbook, _ scope: StepScope) -> PhaseRule? {
        var rule = runbook.phases[phase] ?? PhaseRule(steps: [])
        guard scope.unreachable != nil else { return rule }
        if phase == .soak || phase == .tearDown { return nil }
        for step in rzUpdate.steps {
            guard let other = step.standsFor else { continue }
            for index in rule.steps.indices where rule.steps[index].work == .builtIn(other) {
                rule.steps[index].work = .builtIn(step.use)
            }
        }
        return rule
    }

    @Sendable
    private static func rzUpdateHeading(_ plan: Plan) -> String {
        func servers(_ color: Color) -> Int { plan.world.servers[color]?.count ?? 0 }
        let (old, new) = (plan.direction.old, plan.direction.new)
        return "live: \(old)\(plan.unreachable == nil ? "" : ", silent") (\(Wording.count(servers(old), "server")), "
            + "\(Wording.count(plan.world.services.count, "service")), "
            + "\(Wording.count(plan.environment.loadBalancers.count, "load balancer")))      idle: \(new) "
            + "(\(servers(new) == 0 ? "empty" : Wording.count(servers(new), "server")))"
    }
}

extension PhaseID {
    package static var preflight: PhaseID { "preflight" }
    package static var standUp: PhaseID { "standUp" }
    package static var configure: PhaseID { "configure" }
    package static var platformGate: PhaseID { "platformGate" }
    package static var replicate: PhaseID { "replicate" }
    package static var serviceGate: PhaseID { "serviceGate" }
    package static var cutOver: PhaseID { "cutOver" }
    package static var drain: PhaseID { "drain" }
    package static var soak: PhaseID { "soak" }
    package static var tearDown: PhaseID { "tearDown" }
}

extension [Phase] {
    package static let rzUpdate = [
        Phase(.preflight), Phase(.standUp), Phase(.configure), Phase(.platformGate), Phase(.replicate),
        Phase(.serviceGate), Phase(.cutOver, [.ownsTraffic, .returnsTrafficOnFailure]), Phase(.drain, [.ownsTraffic]),
        Phase(.soak, [.ownsTraffic]), Phase(.tearDown, [.ownsTraffic, .afterNoReturn]),
    ]
}
