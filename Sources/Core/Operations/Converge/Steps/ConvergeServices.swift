import Engine
import Migration
import Planning

/// The live color's services as the last run left them.
package struct ConvergeServicesStep: BuiltInStep {
    static let name: StepKind = "convergeService"
    package let use = BuiltIn.services
    package let kind = ConvergeServicesStep.name
    package let phase = PhaseID.services
    package let each: String? = "services, each that differs"

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        scope.drifts.compactMap { drift in
            switch drift.remedy {
            case .restore(let service, let found, let wanted)?:
                line.step(
                    "\(service) as it was", .restoreService(service, from: found, to: wanted), on: scope.direction.new,
                    suffix: service.suffix, undo: .costly, estimate: .seconds(5))
            case .suspend(let service, let instances)?:
                line.step(
                    "\(service) suspended", .suspendService(service, instances: instances), on: scope.direction.new,
                    suffix: service.suffix, undo: .costly, estimate: .seconds(5))
            default: nil
            }
        }
    }

    package func work(_ step: Step) -> (any StepWork)? {
        let (from, to) = (step.action.version("from"), step.action.version("to"))
        guard let id = step.action.service, from != nil || to != nil else { return nil }
        return ConvergeService(id: id, from: from, to: to)
    }

    package func line(_ plan: Plan) -> PlanLine? {
        PlanLine(
            "services of \(plan.direction.new)", mark: "~", .careful, undo: "undo: as found",
            details: PlanLine.Detail.drifts(of: .services, in: plan))
    }
}

extension BuiltIn {
    package static var services: BuiltIn { "services" }
}

extension Action {
    static func restoreService(_ id: ServiceID, from found: WorldService?, to wanted: WorldService) -> Action {
        .builtIn(
            ConvergeServicesStep.name,
            ["service": id.text].merging(found?.texts("from") ?? [:]) { $1 }.merging(wanted.texts("to")) { $1 })
    }

    static func suspendService(_ id: ServiceID, instances: Int) -> Action {
        let found = WorldService(fingerprint: "", instances: instances)
        return .builtIn(ConvergeServicesStep.name, ["service": id.text].merging(found.texts("from")) { $1 })
    }

    fileprivate func version(_ name: String) -> WorldService? {
        guard let instances = self[name + ".instances"].flatMap({ Int($0) }) else { return nil }
        return WorldService(
            fingerprint: self[name + ".fingerprint"] ?? "", instances: instances, revision: self[name + ".revision"])
    }
}

extension WorldService {
    fileprivate func texts(_ name: String) -> [String: String] {
        var texts = [name + ".fingerprint": fingerprint, name + ".instances": String(instances)]
        texts[name + ".revision"] = revision
        return texts
    }
}

/// Gives a service back what it was, or suspends one that no run knows.
struct ConvergeService: StepWork {
    let id: ServiceID
    /// As the plan found it; nil where it was gone.
    let from: WorldService?
    /// As it is to be; nil for suspended.
    let to: WorldService?

    func perform(_ context: StepContext) async throws(Failure) -> String {
        guard let to else { return try await suspend(context) }
        return try await bring(from: from, to: to, "as it was", context)
    }

    func undo(_ context: StepContext) async throws(Failure) -> String {
        // Whoever uses it by now would miss it.
        guard let from else { return "stays: it is what the last run left" }
        let cluster = try await context.cluster(of: context.color)
        // It was begun, and nothing came of it: what an rz that died had asked for may arrive yet.
        let isAsFound =
            if to == nil {
                try await cluster.observeActivity([id])[id]?.isEnabled == true
            } else {
                try await cluster.observeService(id).map { !differs($0, from) } ?? false
            }
        if isAsFound { try await context.awaitLateRequests(about: id) }
        if let to { return try await bring(from: to, to: from, "as it was found", context) }
        try await context.fence.act { () async throws(Failure) in
            try await cluster.activate(id, instances: from.instances)
        }
        return "runs again"
    }

    private func suspend(_ context: StepContext) async throws(Failure) -> String {
        let cluster = try await context.cluster(of: context.color)
        guard try await cluster.observeActivity([id])[id]?.isEnabled == true else { return "already" }
        try await context.intend("suspend \(id)")
        try await context.fence.act { () async throws(Failure) in try await cluster.suspend(id) }
        try await context.poll { () async throws(Failure) -> String? in
            guard let activity = try await cluster.observeActivity([id])[id] else { return nil }
            return activity.isEnabled || activity.running > 0 ? "\(id) to end" : nil
        }
        return "its definition stays"
    }

    private func bring(
        from known: WorldService?, to wanted: WorldService, _ outcome: String, _ context: StepContext
    ) async throws(Failure) -> String {
        let cluster = try await context.cluster(of: context.color)
        let found = try await cluster.observeService(id)
        guard found != nil || known == nil else {
            throw Failure(
                "\(id) is gone from \(context.color)", at: id.text,
                advice: "Launch it by its framework, then: rz resume \(context.environment.name)", kind: .refused)
        }
        guard let found else {
            let earlier = try await earlier(wanted, cluster, context)
            try await context.intend("launch \(id) as it was")
            try await context.fence.act { () async throws(Failure) in try await cluster.launch(earlier) }
            return try await settled(as: wanted, outcome, context)
        }
        if differs(found, wanted) {
            // Someone's newer version is not overwritten by what no one was shown.
            guard found.fingerprint == wanted.fingerprint || known?.fingerprint == found.fingerprint else {
                throw Failure(
                    "\(id) was changed again since the plan was made, and is left as it is", at: id.text,
                    advice: "Take this run back with `rz rollback \(context.environment.name)`, and look again: "
                        + "rz converge \(context.environment.name)", kind: .refused)
            }
            try await context.intend("give \(id) what it was")
            if found.fingerprint == wanted.fingerprint || wanted.fingerprint.isEmpty {
                try await context.fence.act { () async throws(Failure) in
                    try await cluster.activate(id, instances: wanted.instances)
                }
            } else {
                let earlier = try await earlier(wanted, cluster, context)
                // A job that someone disabled stays so.
                let activity = try await cluster.observeActivity([id])[id]
                let isSuspended = earlier.mode == .scheduled && activity?.isEnabled == false
                try await context.fence.act { () async throws(Failure) in
                    try await cluster.launch(earlier, suspended: isSuspended)
                }
            }
        }
        return try await settled(as: wanted, outcome, context)
    }

    private func settled(
        as wanted: WorldService, _ outcome: String, _ context: StepContext
    ) async throws(Failure) -> String {
        let cluster = try await context.cluster(of: context.color)
        try await context.poll { () async throws(Failure) -> String? in
            guard let now = try await cluster.observeService(id), !differs(now, wanted) else {
                return "\(id) to be \(outcome)"
            }
            guard let health = try await cluster.observeHealth([id])[id] else { return "\(id) to appear" }
            return health.isReady ? nil : "\(id): \(health.description)"
        }
        return Wording.count(wanted.instances, "instance")
    }

    private func differs(_ found: Service, _ wanted: WorldService) -> Bool {
        found.instances != wanted.instances
            || !wanted.fingerprint.isEmpty && found.fingerprint != wanted.fingerprint
    }

    /// As its framework keeps it, or else as rz does.
    private func earlier(
        _ wanted: WorldService, _ cluster: any Cluster, _ context: StepContext
    ) async throws(Failure) -> Service {
        var service: Service?
        if let revision = wanted.revision { service = try await cluster.observeService(id, revision: revision) }
        if service?.fingerprint != wanted.fingerprint {
            service = try context.drivers.keptServices(context.color)
                .service(id, fingerprint: wanted.fingerprint)
        }
        guard var service else {
            throw Failure(
                "The earlier definition of \(id) is kept no longer", at: id.text,
                details: wanted.revision.map { ["version \($0)"] } ?? [],
                advice: "Change it back by hand, then: rz resume", kind: .refused)
        }
        service.instances = wanted.instances
        return service
    }
}
