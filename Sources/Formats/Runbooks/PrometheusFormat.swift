import Migration

/// `prometheus`, as a probe and as an analysis.
enum PrometheusFormat {
    private static let query = PrometheusQuery(name: "", url: "", query: "", series: "")
    private static let analysis = Analysis.Prometheus(query)

    static let probe = Shape.object(fields, rules: rules)

    static let analysisShape = Shape.object(
        fields + [
            .optional("timeout", .periodAboveZero, "for one answer", default: analysis.timeout, example: "2s"),
            .optional(
                "interval", .periodAboveZero, "how often it is asked", default: analysis.interval, example: "5s"),
            .optional(
                "failures", .integer(1...1000), "answers in a row beyond the limits that give the traffic back",
                default: analysis.failures, example: "2"),
            .optional(
                "whenIdle", .choice(Analysis.WhenIdle.allCases.map(\.rawValue)),
                "what no data means at the end of a bake; a Prometheus that is silent or stale holds it anyway",
                default: analysis.whenIdle.rawValue, example: "hold"),
        ], rules: rules)

    private static let fields: [Field] = [
        .required("name", .text, "what people call it", example: "checkout_errors"),
        .required(
            "url", .setting(.url), "what comes before /api/v1/query", example: "\"http://prometheus.example.org:9090\""),
        .required(
            "query", .text,
            "PromQL that gives one number, or one for each series; `{{ new }}` and `{{ old }}` stand for the colors",
            example: "'sum(rate(errors{color=\"{{ new }}\"}[1m])) / sum(rate(requests{color=\"{{ new }}\"}[1m]))'"),
        .required(
            "series", .text,
            "a selector of series it rests on, whose last samples show how old its answer is",
            example: "'requests{color=\"{{ new }}\"}'"),
        .optional("maxAge", .periodAboveZero, "how old these may be", default: query.maxAge, example: "1m"),
        .optional("max", .number(moreThan: nil), "no number may be above it", example: "0.01"),
        .optional("min", .number(moreThan: nil), "no number may be below it", example: "100"),
        .optional("user", .setting, "who asks", example: "rz"),
        .optional(
            "password", .setting, "best as a reference", example: "\"${file:/etc/rz/prometheus.password}\""),
        .optional(
            "token", .setting, "a bearer token in place of both", example: "\"${file:/etc/rz/prometheus.token}\""),
        TLSFormat.field,
    ]

    private static let rules: [Rule] = [
        .atLeastOne(["max", "min"], otherwise: "a query without `max` and `min` judges nothing")
    ]

    static func query(_ value: Value, _ reader: inout Reader) -> PrometheusQuery {
        var query = PrometheusQuery(
            name: value["name"]?.text ?? "", url: value["url"]?.setting ?? "", query: value["query"]?.text ?? "",
            series: value["series"]?.text ?? "", min: value["min"].map(\.number),
            max: value["max"].map(\.number), user: value["user"]?.setting,
            password: value["password"]?.setting, token: value["token"]?.setting)
        if let age = value["maxAge"] { query.maxAge = age.period }
        check(query, value, &reader)
        return query
    }

    private static func check(_ query: PrometheusQuery, _ value: Value, _ reader: inout Reader) {
        if let series = value["series"], !series.isBroken, !PrometheusQuery.isSelector(query.series) {
            reader.problem(
                "`series` is a selector, as requests{color=\"{{ new }}\"}: of an expression no age is known", at: series
            )
        }
        if let low = query.min, let high = query.max, let max = value["max"], low > high {
            reader.problem("no number is at least \(low) and at most \(high)", at: max)
        }
        if query.token != nil, query.user != nil, let token = value["token"] {
            reader.problem("either `token`, or `user` and `password`", at: token)
        }
    }

    static func analysis(_ value: Value, _ standard: TLSRules?, _ reader: inout Reader) -> Analysis.Prometheus {
        var analysis = Analysis.Prometheus(
            query(value, &reader), tls: TLSFormat.rules(value, url: "url", standard: standard, &reader))
        if let timeout = value["timeout"] { analysis.timeout = timeout.period }
        if let interval = value["interval"] { analysis.interval = interval.period }
        if let failures = value["failures"] { analysis.failures = failures.integer }
        if let idle = value["whenIdle"].flatMap({ Analysis.WhenIdle(rawValue: $0.text) }) { analysis.whenIdle = idle }
        return analysis
    }
}
