import Engine
import Migration
import Planning

/// A copy of each service in the new color.
package struct LaunchStep: BuiltInStep {
    package static let name: StepKind = "launch"
    package let use = BuiltIn.launch
    package let kind = LaunchStep.name
    package let phase = PhaseID.replicate
    package let each: String? = "launch, each service"

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        scope.services.map { service in
            let first = scope.needed[service.id, default: []].map { line.id($0.suffix) }
            return line.step(
                "\(service.id) × \(service.instances)", .launch(service.id), on: scope.direction.new,
                suffix: service.id.suffix, needs: line.needs + first, undo: .costly, estimate: .seconds(3))
        }
    }

    package func work(_ step: Step) -> (any StepWork)? { step.action.service.map { LaunchService(id: $0) } }

    package func line(_ plan: Plan) -> PlanLine? {
        let layers = plan.services.map(\.layer).max() ?? 0
        return PlanLine(
            "\(Wording.count(plan.services.count, "service")) in \(Wording.count(layers, "layer"))", mark: "+", .good,
            undo: "undo: stop them",
            details: changes(plan) + singletons(plan) + findings(plan)
                + plan.ignored.map { PlanLine.Detail("–", "\($0.id) stays: \($0.reason)") }
                + (plan.environment.services.declared ?? []).map {
                    PlanLine.Detail("→", "\($0.title), not by rz: \($0.method)")
                })
    }

    private func changes(_ plan: Plan) -> [PlanLine.Detail] {
        plan.services.flatMap { service in
            service.changes.map { PlanLine.Detail("~", "\(service.id)  \($0.path)", Wording.values($0), .careful) }
        }
    }

    /// What never runs in both colors. An hour's jobs may be hundreds and are shown as a number; who is down is named
    /// one by one.
    private func singletons(_ plan: Plan) -> [PlanLine.Detail] {
        let jobs = plan.services.filter { $0.mode == .scheduled }.map(\.id.text)
        let named = jobs.count > 5 ? ["\(jobs.count) jobs, for example \(jobs[0])"] : jobs
        return named.map { PlanLine.Detail("⧗", $0, "scheduled: copied disabled, armed at cutOver") }
            + plan.services.filter { $0.mode == .exclusive }.map { service in
                let step = plan.steps.first { $0.action == .handOver(service.id) }
                let time = step.map { Wording.estimate($0.estimate) + " " } ?? ""
                return PlanLine.Detail("⚑", service.id.text, "exclusive: \(time)down at cutOver")
            }
    }

    /// What is bound to the environment and does not stop the plan, by kind. What stops it stands below the phases, and
    /// what is harmless in `rz services`.
    private func findings(_ plan: Plan) -> [PlanLine.Detail] {
        Finding.Kind.allCases.flatMap { kind -> [PlanLine.Detail] in
            FindingWord.allCases.filter { ![.harmless, .blocking].contains($0) }.compactMap { word in
                let services = plan.services.filter { service in
                    service.findings.contains { $0.kind == kind && FindingWord($0.judgement) == word }
                }
                guard let first = services.first else { return nil }
                let example = first.findings.first { $0.kind == kind && FindingWord($0.judgement) == word }
                return PlanLine.Detail(
                    word == .deferred ? "?" : "·",
                    "\(word.rawValue): \(kind.meaning), \(Wording.count(services.count, "service"))",
                    example.map { "for example \(first.id) \($0.path): \($0.text)" } ?? "",
                    word == .deferred ? .careful : .plain)
            }
        }
    }
}

extension ServiceID {
    /// What sets apart the steps that one line of a runbook becomes; ids of jobs begin without a slash.
    var suffix: String { text.hasPrefix("/") ? text : "/" + text }
}

extension Operation {
    package func neededServices(in plan: Plan) -> [ServiceID: [ServiceID]] {
        var launched: [StepID: ServiceID] = [:]
        for step in plan.steps where step.action.kind == LaunchStep.name { launched[step.id] = step.action.service }
        var needed: [ServiceID: [ServiceID]] = [:]
        for step in plan.steps {
            if let service = launched[step.id] { needed[service] = step.needs.compactMap { launched[$0] } }
        }
        return needed
    }
}

extension BuiltIn {
    package static var launch: BuiltIn { "launch" }
}

extension Action {
    package static func launch(_ service: ServiceID) -> Action { .builtIn(LaunchStep.name, ["service": service.text]) }
}

/// Launches one service in the new color, as it is on the old side at this moment, and waits until it is ready.
struct LaunchService: StepWork {
    let id: ServiceID

    func perform(_ context: StepContext) async throws(Failure) -> String {
        guard let service = try await wanted(context) else { return "is not launched: `services.ignore` names it" }
        let new = try await context.cluster(of: context.color)
        if try await difference(from: service, in: new) == nil {
            try await awaitReady(service, in: new, context)
            return "runs already"
        }
        try await context.intend("launch \(id) in \(context.color)")
        try await launch(service, in: new, context)
        try await awaitReady(service, in: new, context)
        if let difference = try await difference(from: service, in: new) {
            throw Failure(
                "\(id) in \(context.color) is not what was launched", details: [difference], kind: .permanent)
        }
        return service.mode.isSingleton ? "suspended until its hand-over" : "\(service.instances) instances"
    }

    func undo(_ context: StepContext) async throws(Failure) -> String {
        guard try await !context.observeInventory(of: context.color).isEmpty else { return "no servers, so no service" }
        let cluster = try await context.cluster(of: context.color)
        try await context.refuseToTakeDownWhatServes()
        try await context.fence.act { () async throws(Failure) in try await cluster.stop(id) }
        return "stopped"
    }

    /// The definition and the instance count come from the live side at the moment of launch, not from the plan.
    ///
    /// - Returns: nil where the commit that the run goes on from names the service in `services.ignore`.
    private func wanted(_ context: StepContext) async throws(Failure) -> Service? {
        if context.environment.services.ignoring(id) != nil { return nil }
        let old = try await context.cluster(of: context.direction.old)
        guard let service = try await old.observeService(id) else {
            throw OldServices.missing(id, in: context.direction.old, context)
        }
        let fate = try DesiredServices.fate(
            of: service, on: old, rules: context.environment.services,
            inventory: try await context.inventory(of: context.color))
        switch fate {
        case .moves(let wanted):
            try await refuseForbidden(wanted, context)
            return wanted
        case .stays(let service):
            throw Failure(
                "\(id) no longer moves", details: [service.reason],
                advice:
                    "Take it back in \(context.direction.old), then: rz resume. Or begin again with a plan that covers "
                    + "it: rz rollback.", kind: .refused)
        }
    }

    private func refuseForbidden(_ wanted: Service, _ context: StepContext) async throws(Failure) {
        let breaches = try await context.forbidden(wanted)
        guard breaches.isEmpty else {
            let name = context.environment.name
            throw Failure(
                "\(id) may not be launched like this", details: breaches,
                advice: "Correct the override, or waive the policy, and commit; then: rz resume \(name) --commit HEAD. "
                    + "Or go back: rz rollback \(name).", kind: .refused)
        }
    }

    /// For people: how the cluster's service differs from the one that is wanted; nil when it does not.
    private func difference(from service: Service, in cluster: any Cluster) async throws(Failure) -> String? {
        guard let found = try await cluster.observeService(id) else { return "it does not exist" }
        let fields = try cluster.differences(service, found).map(\.path)
        if !fields.isEmpty { return "differs: \(fields.joined(separator: ", "))" }
        // A singleton is launched suspended, and its hand-over gives it its instances.
        if service.mode.isSingleton || found.instances == service.instances { return nil }
        return "\(found.instances) instances, not \(service.instances)"
    }

    /// A launch whose reply was lost may have happened: it counts when the service is there.
    private func launch(_ service: Service, in cluster: any Cluster, _ context: StepContext) async throws(Failure) {
        do throws(Failure) {
            try await context.fence.act { () async throws(Failure) in
                try await cluster.launch(service, suspended: service.mode.isSingleton)
            }
        } catch  where error.kind == .unknownEffect {
            guard try await difference(from: service, in: cluster) == nil else { throw error }
        }
    }

    private func awaitReady(_ service: Service, in cluster: any Cluster, _ context: StepContext) async throws(Failure) {
        try await context.poll { () async throws(Failure) -> String? in
            guard let health = try await cluster.observeHealth([id])[id] else { return "\(id) to appear" }
            return health.isReady ? nil : "\(id): \(health.description)"
        }
    }
}
