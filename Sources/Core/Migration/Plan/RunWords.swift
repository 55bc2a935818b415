/// What a program or a request of a runbook may say of the run that it is a step of: `{{ run }}`, and for programs the
/// environment variable `RZ_RUN`.
public struct RunWords: Sendable, Hashable {
    private let values: [Name: String]
    /// What steps gave; nil where no step is performed.
    private let outputs: [StepID: [String: String]]?
    /// The same words, where what no step gave is empty.
    public var orEmpty: RunWords {
        var words = self
        words.isLenient = true
        return words
    }
    private var isLenient = false

    /// The words, as they stand in a runbook.
    public enum Name: String, Sendable, CaseIterable {
        case environment, run, color, oldColor, phase, step

        /// What it stands for.
        public var meaning: String {
            switch self {
            case .environment: "the environment's name"
            case .run: "the run, for example `r-20261123-0007`"
            case .color: "the new color, `blue` or `green`"
            case .oldColor: "the old color"
            case .phase: "the phase of the step"
            case .step: "the step, for example `cutOver/smoke-test`"
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
    func fill(_ setting: Setting) -> Setting {
        Setting(
            setting.parts.map { part in
                switch part {
                case .text(let text): fill(text)
                case .reference(let source, let name): "${\(source)\(name.text.isEmpty ? "" : ":\(name)")}"
                }
            }.joined())
    }

    private func fill(_ text: String) -> String {
        // Total: what is no word of a run is written as it stands.
        (try? Inventory.fill(text) { (expression) throws(Failure) in
            self[expression] ?? "{{ \(expression) }}"
        }) ?? text
    }

    /// What stands for a word; nil where nothing does, and for what a step did not give.
    subscript(word: String) -> String? {
        if let name = Name(rawValue: word) { return values[name] }
        guard let output = OutputName(word) else { return nil }
        guard let outputs else { return output.name }
        return outputs[output.step]?[output.name] ?? (isLenient ? "" : nil)
    }

    /// What these settings need of other steps, and did not get.
    public func missing(in settings: [Setting]) -> [String] {
        Set(settings.flatMap(RunWords.words)).filter { OutputName($0) != nil && self[$0] == nil }.sorted()
    }

    /// The words of a setting that stand alone in `{{ … }}`: those of a server have a group and an index.
    public static func words(in setting: Setting) -> [String] {
        var words: [String] = []
        for case .text(let text) in setting.parts {
            _ = try? Inventory.fill(text) { (expression) throws(Failure) in
                if !expression.contains("[") { words.append(expression) }
                return ""
            }
        }
        return words
    }
}

extension ExecWork {
    /// The program as it runs: its own words filled in, and what programs find in their environment beside what the
    /// runbook gives them.
    public func named(by words: RunWords) -> ExecWork {
        var work = self
        work.command = command.map(words.fill)
        work.variables = words.variables.merging(variables.mapValues(words.fill)) { $1 }
        work.undo = undo?.map(words.fill)
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
        work.headers = headers.mapValues(words.fill)
        work.body = body.map(words.fill)
        return work
    }

    public var settings: [Setting] { [url] + headers.values + [body].compactMap(\.self) }
}
