import Migration
import Operations

/// What steps of a runbook give to each other, and the conditions under which they are done.
enum OutputsFormat {
    private static let types = Shape.choice(StepOutput.Kind.allCases.map(\.rawValue))

    static let ofPrograms = Field.optional(
        "outputs", .map(types),
        "what it gives to later steps: it appends `NAME=VALUE` lines to the file `$RZ_OUTPUTS`",
        example: "{ rows: integer }")

    static let ofRequests = Field.optional(
        "outputs",
        .map(
            .object([
                .required("type", types, "what the value is", example: "text"),
                .required("at", .text(.jsonPointer), "where the answer in JSON has it", example: "/ticket/id"),
            ])), "what its answer gives to later steps", example: "{ ticket: { type: text, at: /ticket/id } }")

    static let when = Field.optional(
        "when",
        .list(
            .object(
                [
                    .required(
                        "value", .text(.word), "a word of the run, or what an earlier step gave",
                        example: "preflight/count.rows"),
                    .optional("is", .string(.anything, references: false), "it is this", example: "green"),
                    .optional("isNot", .string(.anything, references: false), "it is not this", example: "0"),
                    .optional("above", .integer(Int.min / 2...Int.max / 2), "it is a higher number", example: "100"),
                    .optional("below", .integer(Int.min / 2...Int.max / 2), "it is a lower number", example: "100"),
                ], rules: [.exactlyOne(["is", "isNot", "above", "below"])]), atLeast: 1),
        "all have to hold when it begins; else it is not done. Not for `use` and `approval`",
        example: "[ { value: preflight/count.rows, above: 0 } ]")

    static func outputs(_ work: Value) -> [String: StepOutput]? {
        work["outputs"].map { outputs in
            Dictionary(
                outputs.members.compactMap { member in
                    StepOutput.Kind(rawValue: (member.value["type"] ?? member.value).text).map {
                        (member.key, StepOutput($0, at: member.value["at"]?.text))
                    }
                }, uniquingKeysWith: { $1 })
        }
    }

    static func conditions(_ line: Value) -> [Condition]? {
        line["when"].map { when in
            when.list.map {
                Condition(
                    $0["value"]?.text ?? "", is: $0["is"]?.text, isNot: $0["isNot"]?.text, above: $0["above"]?.integer,
                    below: $0["below"]?.integer)
            }
        }
    }

    // MARK: - What only the whole runbook shows

    /// A value that no step gives before it is needed would only be missed in the middle of a run.
    static func check(_ runbook: Runbook, _ phases: Value, _ reader: inout Reader) {
        for member in phases.members {
            let phase = PhaseID(rawValue: member.key)
            for (step, line) in zip(runbook.phases[phase]?.steps ?? [], member.value["steps"]?.list ?? []) {
                check(step, phase, line, runbook, &reader)
                checkNames(step, line, &reader)
                if let when = line["when"], !step.work.mayBeLeftOut {
                    reader.problem("\(step.id) is never left out: only exec, http and wait have a `when`", at: when)
                }
            }
        }
    }

    private static func check(
        _ step: RunbookStep, _ phase: PhaseID, _ line: Value, _ runbook: Runbook, _ reader: inout Reader
    ) {
        let own = StepID("\(phase)/\(step.id)")
        let words =
            step.work.words.compactMap(OutputName.init)
            + step.work.ownWords.compactMap(OutputName.init).filter { $0.step != own }
        guard !words.isEmpty || step.when != nil else { return }
        let known = Known(before: step, in: phase, of: runbook)
        for word in words { known.check(word, line, &reader) }
        for (condition, place) in zip(step.when ?? [], line["when"]?.list ?? []) {
            known.check(condition, place["value"] ?? place, &reader)
        }
    }

    /// A run may halt after any step.
    static func checkHooks(_ runbook: Runbook, _ lines: [Value], _ reader: inout Reader) {
        let known = Known(ofAll: runbook)
        for (hook, line) in zip(runbook.onHalt ?? [], lines) {
            for word in hook.work.words.compactMap(OutputName.init) { known.check(word, line, &reader) }
        }
    }

    private static func checkNames(_ step: RunbookStep, _ line: Value, _ reader: inout Reader) {
        for output in (line["exec"] ?? line["http"])?["outputs"]?.members ?? [] {
            guard !reader.fits(output.key, .outputName) else { continue }
            reader.problem("“\(output.key)”: \(Pattern.outputName.advice)", output.keyMark)
        }
    }

    /// What a step can know of others.
    private struct Known {
        /// By the names under which later steps call them.
        private var outputs: [StepID: [String: StepOutput]] = [:]
        private let all: Set<StepID>

        init(before step: RunbookStep, in phase: PhaseID, of runbook: Runbook) {
            let earlier = RunbookFormat.operation.phases.before(phase).map(\.id)
            let rule = runbook.phases[phase]
            let above = rule?.stepsBefore(step.id) ?? []
            for other in earlier + [phase] {
                for candidate in runbook.phases[other]?.steps ?? [] where other != phase || above.contains(candidate.id)
                {
                    outputs[StepID("\(other)/\(candidate.id)")] = candidate.work.outputs
                }
            }
            all = Known.steps(of: runbook)
        }

        init(ofAll runbook: Runbook) {
            for (phase, rule) in runbook.phases {
                for step in rule.steps { outputs[StepID("\(phase)/\(step.id)")] = step.work.outputs }
            }
            all = Known.steps(of: runbook)
        }

        private static func steps(of runbook: Runbook) -> Set<StepID> {
            Set(runbook.phases.flatMap { phase, rule in rule.steps.map { StepID("\(phase)/\($0.id)") } })
        }

        func check(_ word: OutputName, _ place: Value, _ reader: inout Reader) {
            guard let given = outputs[word.step] else {
                let reason =
                    all.contains(word.step)
                    ? "\(word.step) gives nothing before this step is done"
                    : "no step is called \(word.step)"
                return reader.problem(
                    "\(word): \(reason)", at: place, suggestion: nearest("\(word)", in: names[...]))
            }
            guard given[word.name] == nil else { return }
            let names = given.isEmpty ? "nothing" : given.keys.sorted().joined(separator: ", ")
            reader.problem(
                "\(word): \(word.step) gives \(names)", at: place,
                suggestion: nearest(word.name, in: given.keys.sorted()[...]).map { "\(word.step).\($0)" })
        }

        func check(_ condition: Condition, _ place: Value, _ reader: inout Reader) {
            guard let word = OutputName(condition.value) else {
                let known = RunWords.Name.ofSteps.map(\.rawValue)
                if !known.contains(condition.value) {
                    reader.problem(
                        "\(condition.value) is neither what a step gives, as preflight/count.rows, nor a word of the "
                            + "run: \(known.joined(separator: ", "))", at: place,
                        suggestion: nearest(condition.value, in: known[...]))
                } else if condition.isNumeric {
                    reader.problem("\(condition.value) is no number", at: place)
                }
                return
            }
            check(word, place, &reader)
            guard let output = outputs[word.step]?[word.name] else { return }
            if condition.isNumeric, output.type != .integer {
                reader.problem("\(word) is no number: it is \(output.meaning)", at: place)
            }
            for text in [condition.is, condition.isNot].compactMap(\.self) where output.value(text) != text {
                reader.problem("\(word) is never “\(text)”: it is \(output.meaning)", at: place)
            }
        }

        private var names: [String] {
            outputs.flatMap { step, given in given.keys.map { "\(step).\($0)" } }.sorted()
        }
    }
}

extension RunbookStep.Work {
    fileprivate var outputs: [String: StepOutput] {
        switch self {
        case .exec(let work): work.outputs ?? [:]
        case .http(let work): work.outputs ?? [:]
        case .builtIn, .approval, .wait: [:]
        }
    }

    /// What has to be known before it is done.
    fileprivate var words: [String] {
        switch self {
        case .exec(let work): work.settings.flatMap(RunWords.words)
        case .http(let work): work.settings.flatMap(RunWords.words)
        case .builtIn, .approval, .wait: []
        }
    }

    /// What has to be known before it is taken back, which may be what it gave itself.
    fileprivate var ownWords: [String] {
        if case .exec(let work) = self { (work.undo ?? []).flatMap(RunWords.words) } else { [] }
    }

    fileprivate var mayBeLeftOut: Bool {
        switch self {
        case .exec, .http, .wait: true
        case .builtIn, .approval: false
        }
    }
}
