import Migration

/// `prometheus`, as a probe and as an analysis, and what asks one for a peak.
enum PrometheusFormat {
    private static let query = PrometheusQuery(name: "", url: "", query: "", series: "")
    private static let analysis = Analysis.Prometheus(query)

    static let probe = Shape.object(question + limits + access, rules: rules)

    static let peak = Shape.object(
        [
            .optional(
                "unit", .choice(PeakQuery.Unit.allCases.map(\.rawValue)),
                "what is counted: sessions at a time, or sessions begun within a second",
                default: PeakQuery.Unit.sessions.rawValue, example: "rate"),
            .optional(
                "backend", .text,
                "the backend of `traffic` that it is for; without it all, whose names stand for `{{ backend }}`",
                example: "be_shop"),
            .required("name", .text, "what people call it", example: "sessions of the last hour"),
            url,
            .required(
                "query", .text,
                "PromQL whose highest number is the peak; `{{ backend }}`, `{{ loadBalancer }}`, `{{ new }}` and `{{ old }}` "
                    + "stand for what is asked for",
                example: "'max_over_time(haproxy_backend_current_sessions{proxy=\"{{ backend }}\"}[1h])'"),
            .required(
                "series", .text, "a selector of series it rests on, whose last samples show how old its answer is",
                example: "'haproxy_backend_current_sessions{proxy=\"{{ backend }}\"}'"),
            maxAge,
            .optional("timeout", .periodAboveZero, "for one answer", default: peakQuery.timeout, example: "2s"),
        ] + access)

    static let analysisShape = Shape.object(
        question + limits + access + [
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

    private static let peakQuery = PeakQuery(query)

    private static let url = Field.required(
        "url", .setting(.url), "what comes before /api/v1/query", example: "\"http://prometheus.example.org:9090\"")

    private static let maxAge = Field.optional(
        "maxAge", .periodAboveZero, "how old these may be", default: query.maxAge, example: "1m")

    private static let question: [Field] = [
        .required("name", .text, "what people call it", example: "checkout_errors"),
        url,
        .required(
            "query", .text,
            "PromQL that gives one number, or one for each series; `{{ new }}` and `{{ old }}` stand for the colors",
            example: "'sum(rate(errors{color=\"{{ new }}\"}[1m])) / sum(rate(requests{color=\"{{ new }}\"}[1m]))'"),
        .required(
            "series", .text,
            "a selector of series it rests on, whose last samples show how old its answer is",
            example: "'requests{color=\"{{ new }}\"}'"),
        maxAge,
    ]

    private static let limits: [Field] = [
        .optional("max", .number(moreThan: nil), "no number may be above it", example: "0.01"),
        .optional("min", .number(moreThan: nil), "no number may be below it", example: "100"),
    ]

    private static let access: [Field] = [
        .optional("user", .setting, "who asks", example: "rz"),
        .optional(
            "password", .secret, "a reference", example: "\"${file:/etc/rz/prometheus.password}\""),
        .optional(
            "token", .secret, "a bearer token in place of both", example: "\"${file:/etc/rz/prometheus.token}\""),
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

    static func peak(_ value: Value, _ standard: TLSRules?, _ reader: inout Reader) -> PeakQuery {
        var peak = PeakQuery(
            query(value, &reader), backend: value["backend"]?.text,
            tls: TLSFormat.rules(value, url: "url", standard: standard, &reader))
        if let unit = value["unit"].flatMap({ PeakQuery.Unit(rawValue: $0.text) }) { peak.unit = unit }
        if let timeout = value["timeout"] { peak.timeout = timeout.period }
        if peak.backend == nil, let query = value["query"], !query.isBroken, !query.text.contains("{{ backend }}") {
            reader.problem(
                "it is the same for every backend: write `{{ backend }}` where the query names one, or name the one that "
                    + "it is for: `backend`", at: query)
        }
        return peak
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
