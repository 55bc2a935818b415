import Migration

/// `gates` of an environment.
enum GatesFormat {
    private static let service = ServiceGate()
    private static let counters = Analysis.LoadBalancers()

    static let shape = Shape.object([
        .optional("platform", platformGate, "before the first service is launched"),
        .optional("service", serviceGate, "before the first request goes to the new color"),
        .optional("cutOver", cutOver, "while the traffic moves"),
    ])

    private static let platformGate = Shape.object([
        .required("probes", .list(ProbesFormat.shape, atLeast: 1), "what services need, such as their Redis"),
        .optional(
            "passes", .integer(1...1000), "consecutive passes that each probe needs", default: ProbeGate().passes,
            example: "3"),
    ])

    private static let serviceGate = Shape.object([
        .optional(
            "healthy",
            .object([
                .required(
                    "for", .period, "without a break; \(service.healthyFor) without `healthy`", example: "20s")
            ]), "how long every service must be healthy"),
        .optional("probes", .list(ProbesFormat.shape, atLeast: 0), "questions that the new color must answer well"),
        .optional(
            "passes", .integer(1...1000), "consecutive passes that each probe needs", default: service.passes,
            example: "3"),
    ])

    private static let cutOver = Shape.object([
        .optional(
            "steps",
            .list(
                .object([
                    .required("share", .percent, "the new color's share of the traffic", example: "10%")
                        .formerly("weight"),
                    .required("bake", .period, "how long it is watched", example: "2m"),
                    .optional(
                        "pause", pause, "then holds, watched, until people say yes with `rz approve`", example: "{}"),
                ]), atLeast: 1), "rising, up to 100%; without it 100% at once, watched for a minute"),
        .optional("analysis", .list(analysis, atLeast: 0), "what is measured; a violation gives the traffic back"),
        .optional(
            "interval", .periodAboveZero, "how often the analysis looks", default: CutOverGate().interval,
            example: "1s"),
    ])

    private static let pause = Shape.object(
        [
            .optional("count", .integer(1...100), "how many people", default: CutOverGate.Pause().people, example: "2"),
            .optional("reason", .text, "what they are asked", example: "Is the shop fine for the first users?"),
            .optional(
                "limit", .periodAboveZero, "then the step fails, as any step of the phase",
                default: CutOverGate.Pause().limit, example: "8h"),
        ] + ApprovalsFormat.terms)

    private static let analysis = Shape.object(
        [
            .optional(
                "loadBalancers",
                .object(
                    [errorRate] + ErrorClass.allCases.map(limit(of:)) + otherLimits,
                    rules: [
                        .atLeastOne(
                            ["errorRate", "queue", "responseTime"] + ErrorClass.allCases.map(\.rawValue),
                            otherwise: "an analysis without `errorRate`, `responseTime` or another limit judges nothing"
                        )
                    ]), "counters of the load balancers, both colors over the same window"
            ).formerly("haproxy"),
            .optional(
                "prometheus", PrometheusFormat.analysisShape,
                "numbers of a Prometheus, as long as the new color has traffic; no data, NaN and old samples are no pass"
            ),
        ], rules: [.exactlyOne(["loadBalancers", "prometheus"])])

    private static let errorRate = Field.optional(
        "errorRate", .object([.required("max", .percent, "of the new color's answers", example: "0.1%")]),
        "5xx answers and failed connections")

    private static let otherLimits: [Field] = [
        .optional(
            "queue",
            .object([
                .required(
                    "max", .integer(0...1_000_000), "so many for longer than \(TrafficTally.queueTime)", example: "20")
            ]), "requests that wait for a server of the new color, or for any"),
        .optional(
            "responseTime",
            .object([
                .required("maxRatioToLive", .number(moreThan: 0), "compared with the old color", example: "1.2")
            ]), "mean, over the last 1024 requests"),
        .optional(
            "minRequests", .integer(1...1_000_000), "below so many there is no verdict", default: counters.minRequests,
            example: "10"),
        .optional(
            "whenIdle", .choice(Analysis.WhenIdle.allCases.map(\.rawValue)),
            "what a backend without enough requests means", default: counters.whenIdle.rawValue, example: "hold"),
        .optional(
            "backends", .list(.text, atLeast: 1), "the backends of `traffic` that it judges; without it all",
            example: "[be_shop]"),
        .later("p99"),
    ]

    private static func limit(of errorClass: ErrorClass) -> Field {
        .optional(
            errorClass.rawValue,
            .object(
                [
                    .optional("max", .percent, "of the new color's requests", example: "5%"),
                    .optional(
                        "maxAboveLive", .percent, "so far above the old color's part of the same time", example: "2%"),
                ], rules: [.atLeastOne(["max", "maxAboveLive"], otherwise: "a limit without a number limits nothing")]),
            meaning(of: errorClass))
    }

    private static func meaning(of errorClass: ErrorClass) -> String {
        switch errorClass {
        case .serverErrors: "5xx answers of the servers themselves"
        case .clientErrors: "4xx answers; without it `errorRate` allows 5% more than the old color's"
        case .connectionErrors: "requests for which no connection was made"
        case .responseErrors: "answers that broke off, or were none"
        case .retries: "attempts that were made again at the same server"
        case .redispatches: "attempts that were made again at another server"
        }
    }
}
