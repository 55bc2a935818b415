import Migration
import Operations

/// What no runbook may do, whatever the environment.
extension RunbookFormat {
    static func checkOrder(_ phases: [Value.Member], _ reader: inout Reader) {
        var last: PhaseID?
        for member in phases {
            let phase = PhaseID(rawValue: member.key)
            if let last, operation.phases.before(last).contains(where: { $0.id == phase }) {
                reader.problem(
                    "\(phase) comes before \(last), always: the order of the phases can't be changed", member.keyMark)
            } else {
                last = phase
            }
        }
    }

    /// Ids are unique, and needs name steps further up in the phase: so there are no cycles either.
    static func checkIDs(_ steps: [Value], _ phases: Value?, _ phase: PhaseID, _ reader: inout Reader) {
        let ids = steps.map { $0["id"]?.text ?? "" }
        for (index, step) in steps.enumerated() {
            if let id = step["id"], ids[..<index].contains(id.text) {
                reader.problem("the step \(id.text) comes twice in \(phase)", at: id)
            }
            if let id = step["id"], id.text == "approval" {
                reader.problem("`approval` is what rz calls the approval before a phase; choose another id", at: id)
            }
            for need in step["needs"]?.list ?? [] where !need.text.isEmpty && !ids[..<index].contains(need.text) {
                let home = phases?.members.first { member in
                    member.key != phase.rawValue && hasStep(need.text, in: member.value)
                }
                if need.text == ids[index] {
                    reader.problem("the step \(need.text) can't need itself", at: need)
                } else if ids.contains(need.text) {
                    reader.problem("\(need.text) stands further down; a step needs only steps above it", at: need)
                } else if let home {
                    reader.problem(
                        "\(need.text) is a step of \(home.key); needs are within a phase, phases follow each other anyway",
                        at: need)
                } else {
                    reader.problem(
                        "no step \"\(need.text)\" in \(phase)", at: need,
                        suggestion: nearest(need.text, in: ids[..<index]))
                }
            }
        }
    }

    /// A run may halt before there are servers, and a URL has no room for a sentence.
    static func checkHooks(_ hooks: [RunbookStep], _ lines: [Value], _ reader: inout Reader) {
        for (index, (hook, line)) in zip(hooks, lines).enumerated() {
            if let id = line["id"], hooks[..<index].contains(where: { $0.id == hook.id }) {
                reader.problem("\(hook.id) comes twice in onHalt", at: id)
            }
            var settings: [Setting] = []
            if case .exec(let work) = hook.work { settings = work.settings }
            if case .http(let work) = hook.work {
                settings = work.settings
                if RunWords.words(in: work.url).contains(RunWords.Name.reason.rawValue) {
                    reader.problem(
                        "{{ reason }} is a sentence: write it into the body", at: line["http", "url"] ?? line)
                }
            }
            for server in Set(settings.flatMap(RunWords.ofServers)).sorted() {
                reader.problem("{{ \(server) }}: a run may halt before there are servers", at: line)
            }
        }
    }

    private static func hasStep(_ id: String, in phase: Value) -> Bool {
        phase["steps"]?.list.contains { $0["id"]?.text == id } ?? false
    }

    static func checkSafety(_ rule: PhaseRule, _ phase: PhaseID, _ value: Value, _ reader: inout Reader) {
        for (step, line) in zip(rule.steps, value["steps"]?.list ?? []) {
            let affects = line["exec", "affects"] ?? line["http", "affects"]
            if let affects, affects.text == ExecWork.Affects.old.rawValue, !hasNoReturn(phase) {
                reader.problem(
                    "\(step.id) changes the old color in \(phase), but the old color carries users' traffic until drain is over",
                    at: affects)
            }
            checkOnFailure(step, rule, phase, line, value["onFailure"], &reader)
            checkPrecedence(step, rule, line, &reader)
        }
        if hasNoReturn(phase), let place = value["onFailure"], rule.onFailure == .rollback {
            reader.problem("there is no way back from \(phase), so nothing there can `rollback`", at: place)
        }
    }

    private static func hasNoReturn(_ phase: PhaseID) -> Bool { operation.phases.has(.afterNoReturn, in: phase) }

    private static func checkOnFailure(
        _ step: RunbookStep, _ rule: PhaseRule, _ phase: PhaseID, _ line: Value, _ ofPhase: Value?,
        _ reader: inout Reader
    ) {
        let place = line["onFailure"] ?? ofPhase ?? line
        switch step.onFailure ?? rule.onFailure {
        case .continue:
            if case .builtIn(let builtIn) = step.work {
                reader.problem(
                    "the run can't go on without `\(builtIn.rawValue)`, so it can't `continue` when that fails",
                    at: place)
            }
            if case .approval = step.work {
                reader.problem(
                    "with `continue` the run would go on without the approval \(step.id) that it waits for", at: place)
            }
        case .rollback where hasNoReturn(phase) && step.onFailure != nil:
            reader.problem("there is no way back from \(phase), so nothing there can `rollback`", at: place)
        case .rollback, .halt: break
        }
    }

    private static func checkPrecedence(_ step: RunbookStep, _ rule: PhaseRule, _ line: Value, _ reader: inout Reader) {
        guard case .builtIn(let use) = step.work, let (first, reason) = operation.step(use)?.follows,
            let other = rule.steps.first(where: { $0.work == .builtIn(first) })
        else { return }
        if !rule.stepsBefore(step.id).contains(other.id) {
            reader.problem("\(step.id) must need \(other.id): \(reason)", at: line["needs"] ?? line)
        }
    }

    /// Each built-in step once. Nothing is missed where a step can't be read: it may be the one.
    static func checkComplete(_ runbook: Runbook, _ phases: Value, _ reader: inout Reader) {
        for builtIn in operation.steps {
            let lines = phases[builtIn.phase.rawValue]?["steps"]?.list ?? []
            let uses = lines.compactMap { $0["use"] }.filter { $0.text == builtIn.use.rawValue }
            for use in uses.dropFirst() { reader.problem("`\(builtIn.use)` is used more than once", at: use) }
            let isReadable = phases[builtIn.phase.rawValue].map { !$0.isBroken } ?? true
            if uses.isEmpty, isReadable, builtIn.isRequired {
                reader.problem(
                    "no step uses `\(builtIn.use)`, which \(builtIn.phase) can't do without",
                    phases[builtIn.phase.rawValue]?.mark ?? phases.mark)
            }
        }
    }
}
