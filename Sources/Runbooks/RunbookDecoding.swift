import Migration

extension RunbookFormat {
    /// The runbook that a checked value describes; what contradicts itself, or is unsafe whatever the environment,
    /// becomes a problem.
    static func runbook(_ value: Value, _ reader: inout Reader) -> Runbook {
        var runbook = Runbook(
            name: value["name"]?.text ?? "", description: value["description"]?.text ?? "", phases: [:])
        checkOrder(value["phases"], &reader)
        for (key, rule) in value["phases"]?.members ?? [] {
            guard let phase = Phase(rawValue: key) else { continue }
            runbook.phases[phase] = PhaseRule(
                steps: steps(rule["steps"], phase, &reader),
                onFailure: rule["onFailure"].flatMap { OnFailure(rawValue: $0.text) } ?? .halt)
        }
        if let phases = value["phases"] { checkComplete(runbook, phases, &reader) }
        return runbook
    }

    private static func checkOrder(_ phases: Value?, _ reader: inout Reader) {
        var last: Phase?
        for (key, value) in phases?.members ?? [] {
            guard let phase = Phase(rawValue: key) else { continue }
            if let last, phase < last {
                reader.problem(
                    "\(phase) comes before \(last), always: the order of the phases can't be changed", at: value)
            }
            last = phase
        }
    }

    private static func steps(_ value: Value?, _ phase: Phase, _ reader: inout Reader) -> [RunbookStep] {
        var steps: [RunbookStep] = []
        for line in value?.list ?? [] {
            let id = line["id"]?.text ?? ""
            if steps.contains(where: { $0.id == id }) {
                reader.problem("the step \(id) comes twice in \(phase)", at: line)
            }
            guard let work = work(line, phase, &reader) else { continue }
            let step = RunbookStep(
                id: id, work: work, needs: line["needs"].map { $0.list.map(\.text) },
                timeout: timeout(line, work, &reader),
                retries: line["retries"]?.integer ?? 0,
                onFailure: line["onFailure"].flatMap { OnFailure(rawValue: $0.text) })
            checkNeeds(line["needs"], steps, &reader)
            checkSafe(step, phase, line, &reader)
            steps.append(step)
        }
        return steps
    }

    private static func work(_ line: Value, _ phase: Phase, _ reader: inout Reader) -> RunbookStep.Work? {
        let kinds = ["use", "exec", "approval", "http", "wait"].filter { line[$0] != nil }
        guard kinds.count == 1 else {
            reader.problem(
                kinds.isEmpty
                    ? "a step needs one of use, exec, approval, http, wait"
                    : "a step can't be \(kinds.joined(separator: " and ")) at once",
                at: line)
            return nil
        }
        if let use = line["use"], let builtIn = BuiltIn(rawValue: use.text) {
            if builtIn.phase != phase {
                reader.problem("`\(builtIn.rawValue)` belongs to the phase \(builtIn.phase)", at: use)
            }
            return .builtIn(builtIn)
        }
        if let exec = line["exec"] {
            return .exec(
                ExecWork(
                    command: exec["command"]?.list.map(\.setting) ?? [], variables: exec["variables"]?.settings ?? [:],
                    affects: affects(exec)))
        }
        if let approval = line["approval"] {
            return .approval(count: approval["count"]?.integer ?? 1, reason: approval["reason"]?.text ?? "")
        }
        if let http = line["http"] {
            return .http(
                HTTPWork(
                    method: http["method"]?.text ?? "GET", url: http["url"]?.setting ?? "",
                    headers: http["headers"]?.settings ?? [:],
                    body: http["body"]?.setting, expect: http["expect"]?.integer ?? 200, affects: affects(http)))
        }
        return line["wait"].map { .wait($0.period) }
    }

    private static func affects(_ value: Value) -> ExecWork.Affects {
        value["affects"].flatMap { ExecWork.Affects(rawValue: $0.text) } ?? .nothing
    }

    /// Every wait ends (invariant I8). A `wait` is its own limit.
    private static func timeout(_ line: Value, _ work: RunbookStep.Work, _ reader: inout Reader) -> Period {
        if let timeout = line["timeout"] {
            if timeout.period <= .zero { reader.problem("a timeout of nothing", at: timeout) }
            return timeout.period
        }
        if case .wait = work { return .seconds(10) }
        reader.problem("the step \(line["id"]?.text ?? "") has no `timeout`: every wait must end", at: line)
        return .zero
    }

    private static func checkNeeds(_ needs: Value?, _ before: [RunbookStep], _ reader: inout Reader) {
        for need in needs?.list ?? [] where !before.contains(where: { $0.id == need.text }) {
            let meant = nearest(need.text, in: before.map(\.id)).map { "; did you mean \"\($0)\"?" } ?? ""
            reader.problem("no step \"\(need.text)\" comes before this one in its phase\(meant)", at: need)
        }
    }

    private static func checkSafe(_ step: RunbookStep, _ phase: Phase, _ line: Value, _ reader: inout Reader) {
        if step.work.affects == .old, phase < .tearDown {
            reader.problem(
                "the step \(step.id) changes the old color in \(phase), but the old color carries users' traffic until drain is over",
                at: line)
        }
        if case .builtIn = step.work, step.onFailure == .continue {
            reader.problem("the run can't go on without \(step.id), so it can't `continue` when that fails", at: line)
        }
    }

    private static func checkComplete(_ runbook: Runbook, _ phases: Value, _ reader: inout Reader) {
        let used = runbook.phases.values.flatMap(\.steps).compactMap { step -> BuiltIn? in
            if case .builtIn(let builtIn) = step.work { return builtIn }
            return nil
        }
        let dispensable: Set<BuiltIn> = [.disks, .configuration]
        for builtIn in BuiltIn.allCases where !dispensable.contains(builtIn) && !used.contains(builtIn) {
            reader.problem("no step uses `\(builtIn.rawValue)`, which \(builtIn.phase) can't do without", at: phases)
        }
        for builtIn in Set(used) where used.count(where: { $0 == builtIn }) > 1 {
            reader.problem("`\(builtIn.rawValue)` is used more than once", at: phases)
        }
    }
}

extension RunbookStep.Work {
    /// Which color it changes, as its author declares.
    fileprivate var affects: ExecWork.Affects {
        switch self {
        case .exec(let work): work.affects
        case .http(let work): work.affects
        case .builtIn, .approval, .wait: .nothing
        }
    }
}
