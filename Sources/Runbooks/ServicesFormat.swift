import Migration

/// `services` of an environment.
enum ServicesFormat {
    static let shape = Shape.object([
        .required("sources", .list(source, atLeast: 1), "the frameworks that launch services"),
        .optional(
            "ignore", .list(.text, atLeast: 0), "patterns of services that stay, * for any text",
            example: "[ /infra/marathon-lb ]"),
        .optional("overrides", .list(override, atLeast: 0), "what is different in the other color"),
    ])

    private static let source = Shape.object(
        [
            .optional("marathon", marathon, "apps of Marathon"),
            .later("metronome"), .later("compose"), .later("chronos"),
        ], rules: [.exactlyOne(["marathon"])])

    private static let marathon = Shape.object([
        .required(
            "url", .setting(.url), "may hold `{{ … }}`: each color has its own",
            example: "\"http://{{ control[0].address }}:8080\""),
        .optional(
            "group", .text(.absolutePath), "only services below it move",
            default: ServiceSource.Marathon(url: "").group, example: "/shop"),
        .optional("user", .setting, "who asks", example: "rz"),
        .optional("password", .setting, "best as a reference", example: "\"${file:/etc/rz/marathon.password}\""),
    ])

    private static let override = Shape.object(
        [
            .required(
                "match",
                .either([
                    .text, .object([.required("label", .text(.label), "key=value", example: "tier=web")]),
                ]), "a pattern of ids, * for any text, or a label", example: "/shop/cart"),
            .optional(
                "set", .map(.string(.anything, references: true)),
                "dotted paths into the definition and their new values; may hold `{{ … }}`",
                example: "{ env.CACHE_HOST: \"{{ cache[0].address }}\" }"),
            .optional("remove", .list(.text, atLeast: 0), "dotted paths that go", example: "[ env.OLD ]"),
            .later("mode"),
        ], rules: [.atLeastOne(["set", "remove"], otherwise: "an override without `set` and `remove` changes nothing")])
}
