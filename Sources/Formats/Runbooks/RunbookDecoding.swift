import Migration

extension RunbookFormat {
    /// The runbook that a checked value describes; what contradicts itself, or is unsafe whatever the environment,
    /// becomes a problem.
    static func runbook(_ value: Value, _ reader: inout Reader) -> Runbook {
        var runbook = Runbook(
            name: value["name"]?.text ?? "", description: value["description"]?.text ?? "", phases: [:])
        let phases = value["phases"]
        checkOrder(phases?.members ?? [], &reader)
        for member in phases?.members ?? [] {
            let phase = PhaseID(rawValue: member.key)
            let steps = member.value["steps"]?.list ?? []
            let rule = PhaseRule(
                steps: steps.map { step($0, &reader) }, onFailure: member.value["onFailure"].flatMap(onFailure) ?? .halt
            )
            runbook.phases[phase] = rule
            checkIDs(steps, phases, phase, &reader)
            checkSafety(rule, phase, member.value, &reader)
        }
        if let hooks = value["onHalt"] {
            runbook.onHalt = hooks.list.map { step($0, knowing: RunWords.Name.allCases, &reader) }
            checkHooks(runbook.onHalt ?? [], hooks.list, &reader)
        }
        if let phases {
            checkComplete(runbook, phases, &reader)
            OutputsFormat.check(runbook, phases, &reader)
            OutputsFormat.checkHooks(runbook, value["onHalt"]?.list ?? [], &reader)
        }
        return runbook
    }

    /// - Parameter names: the words of the run that may stand in it.
    private static func step(
        _ line: Value, knowing names: [RunWords.Name] = RunWords.Name.ofSteps, _ reader: inout Reader
    ) -> RunbookStep {
        let work = work(line, names, &reader)
        return RunbookStep(
            id: line["id"]?.text ?? "", work: work, needs: line["needs"].map { $0.list.map(\.text) },
            timeout: line["timeout"]?.period ?? standardTimeout(work), retries: line["retries"]?.integer ?? 0,
            onFailure: line["onFailure"].flatMap(onFailure), when: OutputsFormat.conditions(line))
    }

    private static func onFailure(_ value: Value) -> OnFailure? { OnFailure(rawValue: value.text) }

    /// What comes on top of a `wait`, which is its own limit. For all else the shape demands a timeout.
    private static func standardTimeout(_ work: RunbookStep.Work) -> Period {
        if case .wait = work { .seconds(10) } else { .zero }
    }

    private static func work(
        _ line: Value, _ names: [RunWords.Name], _ reader: inout Reader
    ) -> RunbookStep.Work {
        if let use = line["use"] { return .builtIn(BuiltIn(rawValue: use.text)) }
        if let exec = line["exec"] {
            let work = ExecWork(
                command: exec["command"]?.list.map(\.setting) ?? [], variables: exec["variables"]?.settings ?? [:],
                affects: affects(exec), undo: exec["undo"].map { $0.list.map(\.setting) },
                outputs: OutputsFormat.outputs(exec))
            checkWords(work.settings + (work.undo ?? []), names, exec, &reader)
            return .exec(work)
        }
        if let approval = line["approval"] {
            return .approval(ApprovalsFormat.demand(approval), reason: approval["reason"]?.text ?? "")
        }
        if let http = line["http"] {
            var work = HTTPWork(url: http["url"]?.setting ?? "")
            if let method = http["method"] { work.method = method.text }
            if let expect = http["expect"] { work.expect = expect.integer }
            work.headers = http["headers"]?.settings ?? [:]
            work.body = http["body"]?.setting
            work.tls = TLSFormat.rules(http, url: "url", standard: nil, &reader)
            work.affects = affects(http)
            work.outputs = OutputsFormat.outputs(http)
            checkWords(work.settings, names, http, &reader)
            if let redirects = http["redirects"] {
                work.redirects = redirects.integer
                if redirects.integer > 0, work.holdsSecret {
                    reader.problem(
                        "a request that holds a secret follows no redirect: write the URL that it leads to",
                        at: redirects)
                }
            }
            return .http(work)
        }
        return .wait(line["wait"]?.period ?? .zero)
    }

    /// A word that no run has would only be found when the step runs.
    private static func checkWords(
        _ settings: [Setting], _ names: [RunWords.Name], _ place: Value, _ reader: inout Reader
    ) {
        let known = names.map(\.rawValue)
        for word in Set(settings.flatMap(RunWords.words)).subtracting(known).sorted() where OutputName(word) == nil {
            reader.problem(
                "{{ \(word) }} is neither a server, as {{ group[0].address }}, nor what a step gives, as "
                    + "{{ preflight/count.rows }}, nor a word of the run: " + known.joined(separator: ", "), at: place,
                suggestion: nearest(word, in: known[...]))
        }
    }

    private static func affects(_ value: Value) -> ExecWork.Affects {
        value["affects"].flatMap { ExecWork.Affects(rawValue: $0.text) } ?? .nothing
    }
}
