/// What a program or a request of a runbook may say of the run that it is a step of: `{{ run }}`, and for programs the
/// environment variable `RZ_RUN`.
public struct RunWords: Sendable, Hashable {
    private var values: [Name: String]
    /// What steps gave; nil where no step is performed.
    private let outputs: [StepID: [String: String]]?
    /// Whether what no step gave is empty.
    private var isLenient = false

    /// The words, as they stand in a runbook.
    public enum Name: String, Sendable, CaseIterable {
        case environment, run, color, oldColor, phase, step
        /// Of what is done when a run has halted.
        case reason

        /// What every step knows.
        public static let ofSteps = allCases.filter { $0 != .reason }

        /// What it stands for.
        public var meaning: String {
            switch self {
            case .environment: "the environment's name"
            case .run: "the run, for example `r-20261123-0007`"
            case .color: "the new color, `blue` or `green`"
            case .oldColor: "the old color"
            case .phase: "the phase of the step"
            case .step: "the step, for example `cutOver/smoke-test`"
            case .reason: "why the run halted, in a line; only under `onHalt`"
            }
        }

        /// The environment variable that programs find it in: `RZ_OLD_COLOR`.
        public var variable: String {
            "RZ_" + rawValue.map { $0.isUppercase ? "_\($0)" : $0.uppercased() }.joined()
        }
    }

    /// - Parameter outputs: what the run's steps have given so far.
    public init(_ plan: Plan, _ run: RunID, _ step: Step, outputs: [StepID: [String: String]] = [:]) {
        self.outputs = outputs
        values = [
            .environment: plan.environment.name, .run: run.text, .color: plan.direction.new.rawValue,
            .oldColor: plan.direction.old.rawValue, .phase: step.phase.rawValue, .step: step.id.text,
        ]
    }

    /// - Parameter failure: why the run halted.
    public init(_ plan: Plan, _ state: RunState, _ hook: Step, failure: Failure) {
        self.init(plan, state.run, hook, outputs: state.outputs)
        values[.phase] = state.phase.rawValue
        values[.reason] = failure.summary
    }

    private init(_ values: [Name: String]) {
        self.values = values
        outputs = nil
    }

    /// For who only looks at what surrounds them.
    static let placeholders = RunWords(
        Dictionary(Name.allCases.map { ($0, $0.rawValue) }, uniquingKeysWith: { first, _ in first }))

    /// By the names of environment variables.
    var variables: [String: Setting] {
        Dictionary(values.map { ($0.variable, Setting($1)) }, uniquingKeysWith: { first, _ in first })
    }

    /// The setting with each of these words filled in. What stands in `${…}`, and every other `{{ … }}`, stays.
    ///
    /// - Parameter write: how what stands for a word is written.
    func fill(_ setting: Setting, _ write: (String) -> String = { $0 }) -> Setting {
        Setting(
            setting.parts.map { part in
                switch part {
                case .text(let text): fill(text, write)
                case .reference(let source, let name): "${\(source)\(name.text.isEmpty ? "" : ":\(name)")}"
                }
            }.joined())
    }

    private func fill(_ text: String, _ write: (String) -> String) -> String {
        // Total: what is no word of a run is written as it stands.
        (try? Inventory.fill(text) { (expression) throws(Failure) in
            self[expression].map(write) ?? "{{ \(expression) }}"
        }) ?? text
    }

    /// What stands for a word; nil where nothing does, and for what a step did not give.
    subscript(word: String) -> String? {
        if let name = Name(rawValue: word) { return values[name] }
        guard let output = OutputName(word) else { return nil }
        guard let outputs else { return output.name }
        return outputs[output.step]?[output.name] ?? (isLenient ? "" : nil)
    }

    /// The same words, where what no step gave is empty.
    public var orEmpty: RunWords {
        var words = self
        words.isLenient = true
        return words
    }

    /// What these settings need of other steps, and did not get.
    public func missing(in settings: [Setting]) -> [String] {
        Set(settings.flatMap(RunWords.words)).filter { OutputName($0) != nil && self[$0] == nil }.sorted()
    }

    /// The words of a setting that stand alone in `{{ … }}`: those of a server have a group and an index.
    public static func words(in setting: Setting) -> [String] {
        expressions(in: setting).filter { !$0.contains("[") }
    }

    /// What of a setting stands for something of a server: `control[0].address`.
    public static func ofServers(in setting: Setting) -> [String] {
        expressions(in: setting).filter { $0.contains("[") }
    }

    private static func expressions(in setting: Setting) -> [String] {
        var expressions: [String] = []
        for case .text(let text) in setting.parts {
            _ = try? Inventory.fill(text) { (expression) throws(Failure) in
                expressions.append(expression)
                return ""
            }
        }
        return expressions
    }
}

extension Setting {
    /// Whether it is written as an object or a list of JSON.
    fileprivate var isJSON: Bool {
        let text = text.drop { $0.isWhitespace }
        return text.hasPrefix("[") || (text.hasPrefix("{") && !text.hasPrefix("{{"))
    }
}

extension RunWords {
    /// A value within a text of JSON (RFC 8259, section 7).
    fileprivate static func inJSON(_ value: String) -> String {
        value.unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar {
            case "\"", "\\": text += "\\\(scalar)"
            case _ where scalar.value < 0x20: text += " "
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}

extension ExecWork {
    /// The program as it runs: its own words filled in, and what programs find in their environment beside what the
    /// runbook gives them.
    public func named(by words: RunWords) -> ExecWork {
        var work = self
        work.command = command.map { words.fill($0) }
        work.variables = words.variables.merging(variables.mapValues { words.fill($0) }) { $1 }
        work.undo = undo?.map { words.fill($0) }
        return work
    }

    /// Where words may stand that must have a meaning before the program runs.
    public var settings: [Setting] { command + variables.values }
}

extension HTTPWork {
    /// The request as it is made.
    public func named(by words: RunWords) -> HTTPWork {
        var work = self
        work.url = words.fill(url)
        work.headers = headers.mapValues { words.fill($0) }
        work.body = body.map { words.fill($0, $0.isJSON ? RunWords.inJSON : { $0 }) }
        return work
    }

    public var settings: [Setting] { [url] + headers.values + [body].compactMap(\.self) }
}
