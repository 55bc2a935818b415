import Migration

/// Turns the lines of a runbook into the steps of a plan.
struct StepExpansion {
    let environment: Environment
    let direction: Direction
    let services: [PlannedService]
    let dependencies: [ServiceID: [ServiceID]]
    let serverCount: Int

    func steps(of phase: Phase, rule: PhaseRule) -> [Step] {
        var steps = approval(before: phase)
        let approvalIDs = steps.map(\.id)
        // A line may become several steps, and who needs the line needs them all.
        var expanded: [String: [StepID]] = [:]
        var before: [StepID] = approvalIDs
        for line in rule.steps {
            let needs = line.needs.map { $0.flatMap { expanded[$0, default: []] } + approvalIDs } ?? before
            let new = expand(line, phase: phase, rule: rule, needs: needs)
            // Who needs a line that expands to nothing needs what came before it.
            expanded[line.id] = new.isEmpty ? needs : new.map(\.id)
            if !new.isEmpty { before = new.map(\.id) }
            steps += new
        }
        return steps
    }

    private func approval(before phase: Phase) -> [Step] {
        guard case .count(let count) = environment.approvals[phase], count > 0 else { return [] }
        return [
            Step(
                id: StepID("\(phase)/approval"), phase: phase, title: "\(count) approvals",
                action: .approval(count: count, reason: "before \(phase)"), undo: .free, estimate: .zero,
                deadline: .hours(72))
        ]
    }

    private func expand(_ line: RunbookStep, phase: Phase, rule: PhaseRule, needs: [StepID]) -> [Step] {
        func step(
            _ title: String, _ action: Action, suffix: String = "", needs: [StepID]? = nil, undo: Reversibility = .free,
            estimate: Period, extra: Period = .zero
        ) -> Step {
            Step(
                id: StepID("\(phase)/\(line.id)\(suffix)"), phase: phase, title: title, action: action,
                needs: needs ?? defaultNeeds, undo: undo, estimate: estimate, deadline: line.timeout + extra,
                attempts: line.retries + 1, onFailure: line.onFailure ?? rule.onFailure)
        }
        let defaultNeeds = needs
        let new = direction.new
        switch line.work {
        case .builtIn(.checks):
            return [step("checks of load balancers, platform and services", .check, estimate: .seconds(2))]
        case .builtIn(.disks):
            return [step("data disks", .buildDisks, estimate: .seconds(2))]
        case .builtIn(.servers):
            return [
                step("servers of \(new)", .buildServers, undo: .costly, estimate: .seconds(Int64(5 + serverCount)))
            ]
        case .builtIn(.configuration):
            guard environment.configure != nil else { return [] }
            return [step("servers of \(new) configured", .configure, estimate: .seconds(Int64(10 + serverCount)))]
        case .builtIn(.platform):
            return [step("platform of \(new)", .awaitPlatform, estimate: .seconds(5))]
        case .builtIn(.launch):
            return services.map { service in
                let first = neededServices(by: service.id).map { StepID("\(phase)/\(line.id)\($0)") }
                return step(
                    "\(service.id) × \(service.instances)", .launch(service.id), suffix: service.id.text,
                    needs: needs + first, undo: .costly, estimate: .seconds(3))
            }
        case .builtIn(.health):
            let held = environment.gates.service.healthyFor
            return [step("all services healthy for \(held)", .awaitServices, estimate: held + .seconds(2))]
        case .builtIn(.ready):
            return [step("servers of \(new) ready at weight 0", .readyTraffic, estimate: .seconds(3))]
        case .builtIn(.shift):
            return shifts(line, phase: phase, rule: rule, needs: needs)
        case .builtIn(.drain):
            let drain = environment.drain
            return [
                step(
                    "until \(direction.old) is quiet for \(drain.quiet)", .drain, estimate: drain.quiet + .seconds(2),
                    extra: drain.deadline)
            ]
        case .builtIn(.soak):
            return [
                step(
                    "\(environment.soak), \(direction.old) untouched", .soak(environment.soak),
                    estimate: environment.soak, extra: environment.soak)
            ]
        case .builtIn(.stop):
            return [step("services of \(direction.old) stopped", .stopServices, undo: .none, estimate: .seconds(5))]
        case .builtIn(.destroy):
            return [
                step(
                    "\(serverCount) servers of \(direction.old) destroyed", .destroyServers, undo: .none,
                    estimate: .seconds(Int64(5 + serverCount)))
            ]
        case .exec(let work):
            let title = work.command.map(\.text).joined(separator: " ")
            return [step(title, .exec(work), undo: work.affects == .nothing ? .free : .none, estimate: .seconds(5))]
        case .approval(let count, let reason):
            return [step("\(count) approvals: \(reason)", .approval(count: count, reason: reason), estimate: .zero)]
        case .http(let work):
            return [
                step(
                    "\(work.method) \(work.url)", .http(work), undo: work.affects == .nothing ? .free : .none,
                    estimate: .seconds(1))
            ]
        case .wait(let period):
            return [step("wait \(period)", .wait(period), estimate: period, extra: period)]
        }
    }

    /// One step for each share, each after the other.
    private func shifts(_ line: RunbookStep, phase: Phase, rule: PhaseRule, needs: [StepID]) -> [Step] {
        var before = needs
        return environment.gates.cutOver.steps.map { shift in
            let step = Step(
                id: StepID("\(phase)/\(line.id)-\(shift.weight.text)"), phase: phase,
                title: "\(direction.new) \(shift.weight), watched for \(shift.bake)",
                action: .shift(to: shift.weight, bake: shift.bake), needs: before, undo: .free,
                estimate: shift.bake + .seconds(1), deadline: line.timeout + shift.bake, attempts: line.retries + 1,
                onFailure: line.onFailure ?? rule.onFailure)
            before = [step.id]
            return step
        }
    }
}
