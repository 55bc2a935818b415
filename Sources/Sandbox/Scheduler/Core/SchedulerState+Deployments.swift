import JSON

/// Deployments on their way: each step begins when the one before is satisfied.
extension SchedulerState {
    /// Goes on until neither an app nor a deployment can get further at this instant.
    mutating func advance(_ now: Timestamp) {
        var offers: OfferBook?
        var settled: Set<PathID> = []
        // A change just accepted begins before its apps are looked at, or they would be kept up as they were.
        advanceDeployments(settled, now)
        repeat {
            while !attention.isEmpty {
                let batch = attention.sorted()
                attention = []
                for id in batch { reconcile(id, &offers, now) }
                settled.formUnion(batch)
            }
            advanceDeployments(settled, now)
        } while !attention.isEmpty
    }

    private mutating func advanceDeployments(_ settled: Set<PathID>, _ now: Timestamp) {
        for id in deployments.map(\.id) {
            guard var deployment = deployments.first(where: { $0.id == id }) else { continue }
            let actions = deployment.currentActions
            if !deployment.waitingFor.isDisjoint(with: settled) {
                for (app, action) in actions where settled.contains(app) && isSatisfied(action, app) {
                    deployment.waitingFor.remove(app)
                }
            }
            while deployment.waitingFor.isEmpty {
                if deployment.currentStep > 0 { announceStep(deployment, now) }
                guard deployment.currentStep < deployment.steps.count else { break }
                begin(&deployment, now)
                for (app, action) in deployment.currentActions where action == .start {
                    deployment.waitingFor.remove(app)
                }
            }
            store(deployment, now)
        }
    }

    private mutating func store(_ deployment: Deployment, _ now: Timestamp) {
        guard let index = deployments.firstIndex(where: { $0.id == deployment.id }) else { return }
        guard deployment.currentStep == deployment.steps.count, deployment.waitingFor.isEmpty else {
            deployments[index] = deployment
            return
        }
        deployments.remove(at: index)
        markDurableChange()
        publish("deployment_success", at: now, [("id", .string(deployment.id)), ("plan", deployment.planJSON)])
    }

    private mutating func begin(_ deployment: inout Deployment, _ now: Timestamp) {
        deployment.currentStep += 1
        deployment.waitingFor = Set(deployment.currentActions.map(\.app))
        for (app, action) in deployment.currentActions where action != .start {
            attention.insert(app)
            guard action != .stop else { continue }
            apps[app]?.takeEffect()
            apps[app]?.backoff = nil
        }
        markDurableChange()
        publish(
            "deployment_info", at: now,
            [("plan", deployment.planJSON), ("currentStep", deployment.stepJSON(deployment.currentActions))])
    }

    private mutating func announceStep(_ deployment: Deployment, _ now: Timestamp) {
        publish(
            "deployment_step_success", at: now,
            [("plan", deployment.planJSON), ("currentStep", deployment.stepJSON(deployment.currentActions))])
    }

    private func isSatisfied(_ action: Deployment.Action, _ id: PathID) -> Bool {
        switch action {
        case .start: return true
        case .stop: return apps[id] != nil || tasksByApp[id] == nil
        case .scale, .restart:
            guard let app = apps[id]?.effective else { return true }
            let instances = instances(of: id)
            return instances.count == app.instances
                && instances.allSatisfy { $0.version >= app.lastConfigChangeAt && $0.isReady }
        }
    }
}
