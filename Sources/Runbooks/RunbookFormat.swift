import Migration

/// `runbooks/NAME.yaml`.
enum RunbookFormat {
    static let shape = Shape.object([
        .required("apiVersion", .choice(["rz/v1"]), "the version of this format"),
        .required("name", .text, "the name of the runbook, that of its file"),
        .optional("description", .text),
        .required(
            "phases", .object(Phase.allCases.map { .optional($0.rawValue, phase) }),
            "in the state machine's order, which no runbook changes"),
    ])

    private static let onFailure = Shape.choice(OnFailure.allCases.map(\.rawValue))
    private static let affects = Shape.choice(ExecWork.Affects.allCases.map(\.rawValue))

    private static let phase = Shape.object([
        .optional("onFailure", onFailure, "what happens when a step has failed for good"),
        .required("steps", .list(step, atLeast: 0)),
    ])

    private static let step = Shape.object([
        .required("id", .text, "unique within its phase"),
        .optional("use", .choice(BuiltIn.allCases.map(\.rawValue)), "a step that rz knows"),
        .optional(
            "exec",
            .object([
                .required("command", .list(.setting, atLeast: 1), "program and arguments, no shell; may hold {{ … }}"),
                .optional("variables", .map(.setting), "environment variables"),
                .optional("affects", affects, "which color the program changes"),
            ]), "a program"),
        .optional(
            "approval", .object([.required("count", .integer(1...100)), .required("reason", .text)]),
            "waits until people have said yes"),
        .optional(
            "http",
            .object([
                .optional("method", .choice(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])),
                .required("url", .setting),
                .optional("headers", .map(.setting)), .optional("body", .setting),
                .optional("expect", .integer(100...599)),
                .optional("affects", affects),
            ]), "a request"),
        .optional("wait", .period, "lets time pass"),
        .optional("needs", .list(.text, atLeast: 0), "steps of the same phase; without it, the step before"),
        .optional("timeout", .period, "how long the step may take"),
        .optional("retries", .integer(0...100), "further tries after a passing failure"),
        .optional("onFailure", onFailure, "overrides the phase's"),
    ])
}
