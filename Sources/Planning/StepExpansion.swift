import Migration

/// Turns the lines of a runbook into the steps of a plan.
struct StepExpansion {
    let environment: Environment
    let direction: Direction
    let services: [PlannedService]
    let needed: [ServiceID: [ServiceID]]
    let serverCount: Int

    func steps(of phase: PhaseID, rule: PhaseRule) -> [Step] {
        let approvals = approval(before: phase)
        let needs = Needs(rule.steps, first: approvals.map(\.id)) { line in
            expand(line, phase: phase, rule: rule, needs: []).map(\.id)
        }
        return approvals + rule.steps.flatMap { expand($0, phase: phase, rule: rule, needs: needs.of($0)) }
    }

    private func approval(before phase: PhaseID) -> [Step] {
        guard let rule = environment.approvals[phase], rule.people > 0 else { return [] }
        var others = ""
        if case .others = rule { others = " by others than who started the run" }
        return [
            Step(
                id: Plan.approvalStep(before: phase), phase: phase, title: approvals(rule.people) + others,
                action: .approval(count: rule.people, reason: "before \(phase)\(others)"), undo: .free,
                estimate: .zero, deadline: .hours(72))
        ]
    }

    private func approvals(_ count: Int) -> String { count == 1 ? "1 approval" : "\(count) approvals" }
    private var servers: String { serverCount == 1 ? "1 server" : "\(serverCount) servers" }

    private func expand(_ line: RunbookStep, phase: PhaseID, rule: PhaseRule, needs: [StepID]) -> [Step] {
        func step(
            _ title: String, _ action: Action, on color: Color? = nil, suffix: String = "", needs: [StepID]? = nil,
            undo: Reversibility = .free, closesWayBack: Bool = false, isTakenBack: Bool = false, estimate: Period,
            extra: Period = .zero
        ) -> Step {
            Step(
                id: StepID("\(phase)/\(line.id)\(suffix)"), phase: phase, title: title, action: action,
                color: color, needs: needs ?? defaultNeeds, undo: undo, closesWayBack: closesWayBack,
                isTakenBack: isTakenBack, estimate: estimate, deadline: line.timeout + extra,
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
                step(
                    "servers of \(new)", .buildServers, on: new, undo: .costly,
                    estimate: .seconds(Int64(5 + serverCount)))
            ]
        case .builtIn(.configuration):
            guard environment.configure != nil else { return [] }
            return [
                step("servers of \(new) configured", .configure, on: new, estimate: .seconds(Int64(10 + serverCount)))
            ]
        case .builtIn(.platform):
            return [step("platform of \(new)", .awaitPlatform, on: new, estimate: .seconds(5))]
        case .builtIn(.launch):
            return services.map { service in
                let first = needed[service.id, default: []].map { StepID("\(phase)/\(line.id)\($0.suffix)") }
                return step(
                    "\(service.id) × \(service.instances)", .launch(service.id), on: new, suffix: service.id.suffix,
                    needs: needs + first, undo: .costly, estimate: .seconds(3))
            }
        case .builtIn(.health):
            let held = environment.gates.service.healthyFor
            return [step("all services healthy for \(held)", .awaitServices, on: new, estimate: held + .seconds(2))]
        case .builtIn(.ready):
            return [step("servers of \(new) ready at weight 0", .readyTraffic, on: new, estimate: .seconds(3))]
        case .builtIn(.shift):
            return shifts(line, phase: phase, rule: rule, needs: needs)
        case .builtIn(.handOver):
            return services.filter(\.mode.isSingleton).map { service in
                step(
                    "\(service.id) handed over to \(new)", .handOver(service.id), on: new, suffix: service.id.suffix,
                    undo: .costly, isTakenBack: true, estimate: .seconds(10))
            }
        case .builtIn(.drain):
            let drain = environment.drain
            return [
                step(
                    "until \(direction.old) is quiet for \(drain.quiet)", .drain, on: direction.old,
                    estimate: drain.quiet + .seconds(2),
                    extra: drain.deadline)
            ]
        case .builtIn(.soak):
            return [
                step(
                    "\(environment.soak), \(direction.old) untouched", .soak(environment.soak), on: direction.old,
                    estimate: environment.soak, extra: environment.soak)
            ]
        case .builtIn(.stop):
            return [
                step(
                    "services of \(direction.old) stopped", .stopServices, on: direction.old, undo: .none,
                    closesWayBack: true, estimate: .seconds(5))
            ]
        case .builtIn(.destroy):
            return [
                step(
                    "\(servers) of \(direction.old) destroyed", .destroyServers, on: direction.old, undo: .none,
                    closesWayBack: true, estimate: .seconds(Int64(5 + serverCount)))
            ]
        case .exec(let work):
            let title = work.command.map(\.text).joined(separator: " ")
            return [step(title, .exec(work), undo: work.affects == .nothing ? .free : .none, estimate: .seconds(5))]
        case .approval(let count, let reason):
            return [step("\(approvals(count)): \(reason)", .approval(count: count, reason: reason), estimate: .zero)]
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
    private func shifts(_ line: RunbookStep, phase: PhaseID, rule: PhaseRule, needs: [StepID]) -> [Step] {
        var before = needs
        return environment.gates.cutOver.steps.map { shift in
            let step = Step(
                id: StepID("\(phase)/\(line.id)-\(shift.weight.text)"), phase: phase,
                title: "\(direction.new) \(shift.weight), watched for \(shift.bake)",
                action: .shift(to: shift.weight, bake: shift.bake), color: direction.new, needs: before, undo: .free,
                estimate: shift.bake + .seconds(1), deadline: line.timeout + shift.bake, attempts: line.retries + 1,
                onFailure: line.onFailure ?? rule.onFailure)
            before = [step.id]
            return step
        }
    }
}

extension ServiceID {
    /// What sets apart the steps that one line of a runbook becomes; ids of jobs begin without a slash.
    fileprivate var suffix: String { text.hasPrefix("/") ? text : "/" + text }
}

/// The steps that each line of a phase waits for.
private struct Needs {
    private let lines: [RunbookStep]
    private let first: [StepID]
    private let ids: [String: [StepID]]

    init(_ lines: [RunbookStep], first: [StepID], ids: (RunbookStep) -> [StepID]) {
        self.lines = lines
        self.first = first
        self.ids = Dictionary(lines.map { ($0.id, ids($0)) }, uniquingKeysWith: { first, _ in first })
    }

    /// A line may become several steps, and who needs the line needs them all.
    func of(_ line: RunbookStep) -> [StepID] {
        var found: [StepID] = []
        for id in linesNeeded(by: line) { add(id, to: &found, visited: [line.id]) }
        return found.isEmpty ? first : line.needs == nil ? found : found + first
    }

    /// Of a line that became no step, what it would have waited for is waited for.
    private func add(_ id: String, to found: inout [StepID], visited: Set<String>) {
        guard !visited.contains(id), let line = lines.first(where: { $0.id == id }) else { return }
        let steps = ids[id, default: []]
        if steps.isEmpty {
            for earlier in linesNeeded(by: line) { add(earlier, to: &found, visited: visited.union([id])) }
        } else {
            found += steps.filter { !found.contains($0) }
        }
    }

    private func linesNeeded(by line: RunbookStep) -> [String] {
        if let needs = line.needs { return needs }
        guard let index = lines.firstIndex(where: { $0.id == line.id }), index > 0 else { return [] }
        return [lines[index - 1].id]
    }
}
