import Migration

/// `runbooks/parts/NAME.yaml`: steps that several runbooks share.
enum PartFormat {
    static let shape = Shape.object([
        .required("apiVersion", .choice(["rz/v1"]), "the version of this format", example: "rz/v1"),
        .required("name", .text(.name), "the name of the part, that of its file", example: "change-ticket"),
        .optional("description", .text, "one line for people", example: "Opens a change ticket."),
        .optional(
            "parameters",
            .map(
                .object([
                    .optional("description", .text, "one line for people", example: "of the chat"),
                    .optional("default", .setting, "what it is where a runbook says nothing", example: "operations"),
                ])), "what a runbook says `with` it: `{{ with.NAME }}` in its commands, variables, requests and reasons"
        ),
        .required("steps", .list(RunbookFormat.step(nil), atLeast: 1), "its steps; `use` is for runbooks only"),
    ])

    /// Where parts are, relative to the project's folder.
    static func file(_ name: String) -> String { "runbooks/parts/\(name).yaml" }
}
