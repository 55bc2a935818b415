import Migration
import Operations

/// `runbooks/NAME.yaml`.
enum RunbookFormat {
    /// The operation whose phases and steps a runbook has.
    static let operation = Operation.rzUpdate

    static let shape = Shape.object([
        .required("apiVersion", .choice(["rz/v1"]), "the version of this format", example: "rz/v1"),
        .required("name", .text(.name), "the name of the runbook, that of its file", example: "rz-update"),
        .optional("description", .text, "one line for people", example: "Move to the other color."),
        .required(
            "phases",
            .object(operation.phases.map { .optional($0.id.rawValue, phase($0.id), "what is done in that phase") }),
            "in the state machine's order, which no runbook changes"),
        .optional(
            "onHalt", .list(hook, atLeast: 1),
            "what is done when a run has halted, one after the other, and not when someone stopped it"),
    ])

    /// It may change nothing, and give nothing to anyone.
    private static let hook = Shape.object(
        [
            .required("id", .text(.name), "unique among them", example: "page"),
            .optional("exec", .object(program), "runs a program; `$RZ_REASON` says why the run halted"),
            .optional("http", .object(request), "makes a request"),
            .required("timeout", .periodAboveZero, "how long it may take", example: "30s"),
            .optional(
                "retries", .integer(0...100), "further tries, a second apart, whatever failed", default: 0, example: "2"
            ),
        ], rules: [.exactlyOne(["exec", "http"])])

    private static let onFailure = Shape.choice(OnFailure.allCases.map(\.rawValue))
    private static let affects = Field.optional(
        "affects", .choice(ExecWork.Affects.allCases.map(\.rawValue)), "which color it changes",
        default: ExecWork.Affects.nothing.rawValue, example: "new")

    private static func phase(_ phase: PhaseID) -> Shape {
        .object([
            .optional(
                "onFailure", onFailure, "what happens when a step has failed for good",
                default: OnFailure.halt.rawValue, example: "rollback"),
            .required("steps", .list(step(phase), atLeast: 0), "its steps"),
        ])
    }

    /// - Parameter phase: nil for steps that no phase has, and that use none of rz's own.
    static func step(_ phase: PhaseID?) -> Shape {
        let ownStep = phase.map { phase in
            Field.optional(
                "use", use(phase), "a step of rz's own", example: operation.steps(of: phase).first?.use.rawValue)
        }
        return .object(
            [
                .required("id", .text(.name), "unique within its phase; not `approval`", example: "smoke-test")
            ] + [ownStep].compactMap(\.self) + [
                .optional("exec", exec, "runs a program"),
                .optional("approval", approval, "waits until people have said yes"),
                .optional("http", http, "makes a request"),
                .optional("wait", .periodAboveZero, "lets time pass", example: "30s"),
                .optional(
                    "part", .text(.name), "the steps of a file under runbooks/parts/, without .yaml",
                    example: "change-ticket"),
                .optional("with", .map(.setting), "the parameters of the part", example: "{ channel: operations }"),
                .optional(
                    "needs", .list(.text(.name), atLeast: 0),
                    "steps above it in its phase that come first; `[]` for none. Without it, the step before",
                    example: "[ smoke-test ]"),
                .optional(
                    "timeout", .periodAboveZero, "how long it may take; only a `wait` does without", example: "5m"),
                .optional(
                    "retries", .integer(0...100), "further tries after a failure that may pass", default: 0,
                    example: "2"),
                .optional("onFailure", onFailure, "in place of the phase's", example: "continue"),
                OutputsFormat.when,
            ],
            rules: [
                .exactlyOne((phase == nil ? [] : ["use"]) + ["exec", "approval", "http", "wait", "part"]),
                .atLeastOne(["timeout", "wait", "part"], otherwise: "the step has no `timeout`: every wait must end"),
            ])
    }

    private static func use(_ phase: PhaseID) -> Shape {
        let elsewhere = operation.steps.filter { $0.phase != phase && $0.standsFor == nil }
        return .choice(
            operation.steps(of: phase).filter { $0.standsFor == nil }.map(\.use.rawValue),
            elsewhere: Dictionary(
                elsewhere.map { ($0.use.rawValue, "`\($0.use)` belongs to the phase \($0.phase), not to \(phase)") },
                uniquingKeysWith: { first, _ in first }))
    }

    private static let program: [Field] = [
        .required(
            "command", .list(.setting, atLeast: 1),
            "program and arguments, no shell, run in the environment's folder; may hold `{{ … }}`",
            example: "[ bin/smoke-test, \"{{ control[0].address }}\" ]"),
        .optional(
            "variables", .map(.string(.anything, references: true)), "environment variables",
            example: "{ TOKEN: \"${env:SMOKE_TOKEN}\" }"),
    ]

    private static let exec = Shape.object(
        program + [
            affects,
            .optional(
                "undo", .list(.setting, atLeast: 1),
                "program and arguments that take it back on a rollback, also where it failed half way",
                example: "[ bin/announce, \"{{ run }}\", cancelled ]"),
            OutputsFormat.ofPrograms,
        ])

    private static let approval = Shape.object(
        [
            .required("count", .integer(1...100), "how many people", example: "2"),
            .required("reason", .text, "what they are asked", example: "Is the shop fine on the new color?"),
        ] + ApprovalsFormat.terms)

    private static let request: [Field] = [
        .optional(
            "method", .choice(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]), "of the request",
            default: HTTPWork(url: "").method, example: "POST"),
        .required(
            "url", .setting(.url), "may hold `{{ … }}`", example: "\"https://chat.example.org/hooks/${env:HOOK}\""),
        .optional(
            "headers", .map(.string(.anything, references: true)), "of the request",
            example: "{ Authorization: \"Bearer ${env:TOKEN}\" }"),
        .optional("body", .setting, "of the request", example: "'{\"text\": \"The RZ update begins.\"}'"),
        .optional(
            "expect", .integer(100...599), "the status that is a success", default: HTTPWork(url: "").expect,
            example: "204"),
        .optional(
            "redirects", .integer(0...10),
            "how many are followed; none where URL, headers or body hold a `${…}`", default: 0, example: "3"),
        TLSFormat.field,
    ]

    private static let http = Shape.object(request + [affects, OutputsFormat.ofRequests])
}
