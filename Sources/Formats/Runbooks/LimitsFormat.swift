import Migration
import Schedules

/// `limits` of an environment.
enum LimitsFormat {
    private static let standard = Limits()

    static let shape = Shape.object([
        .optional(
            "maxStep", .percent, "by how much the new color's share grows within a minute at most", example: "20%"),
        .optional(
            "minHealthy", .either([.percent, .integer(1...10_000)]),
            "servers that must be up before a color gets traffic, and as long as it has any: a number, or a part of those "
                + "that served the backend when the run found it", default: standard.minHealthy, example: "80%"),
        .optional(
            "headroom", .number(moreThan: 0),
            "before each raise the new color must be proved to take this many times the live color's peak, from 1 on",
            example: "1.3"),
        .optional(
            "peaks", .list(PrometheusFormat.peak, atLeast: 1),
            "what else than the load balancers reports the live color's peak; the highest counts for `headroom`"),
        .optional(
            "flipWithin", .periodAboveZero,
            "a flip, one step's raise and lower on all load balancers, that takes longer is undone", example: "10s"),
        .optional(
            "launches", .integer(1...100), "services launched at the same time", default: standard.launches,
            example: "8"),
        .optional(
            "returnFor", .period, "how long giving the traffic back is tried before the run halts",
            default: Limits.usualReturn.description, example: "30m"),
        .optional("windows", windows, "when a phase may begin that changes something; without it at any time"),
    ])

    private static let windows = Shape.object(
        [
            .required("zone", .text, "the time zone, by its name in the tz database", example: "Europe/Berlin"),
            .optional(
                "open",
                .list(
                    .object([
                        .optional(
                            "days", .list(.choice(ChangeWindows.Weekday.allCases.map(\.rawValue)), atLeast: 1),
                            "the days on which it begins; without them every day", example: "[tue, thu]"),
                        .required("from", .text(.clock), "when it begins", example: "\"22:00\""),
                        .required(
                            "to", .text(.clock), "when it ends, on the next day where that is not later",
                            example: "\"04:00\""),
                    ]), atLeast: 1), "weekly stretches of time; without them any time that is not frozen"),
            .optional(
                "freezes",
                .list(
                    .object([
                        .required("from", .text(.day), "its first day", example: "2026-12-18"),
                        .required("until", .text(.day), "its last day", example: "2027-01-06"),
                        .required("reason", .text, "for people", example: "Christmas trade"),
                    ]), atLeast: 1), "days on which nothing begins"),
        ], rules: [.atLeastOne(["open", "freezes"], otherwise: "`open` or `freezes` is needed here")])

    private static func windows(_ value: Value, _ reader: inout Reader) -> ChangeWindows {
        var windows = ChangeWindows(zone: value["zone"]?.text ?? "")
        if let zone = value["zone"], (try? ZoneRules.requireDatabase()) != nil, ZoneRules(name: zone.text) == nil {
            reader.problem("this system knows no time zone \(zone.text)", at: zone)
        }
        windows.open = value["open"]?.list.map { weekly in
            let days = weekly["days"]?.list.compactMap { ChangeWindows.Weekday(rawValue: $0.text) }
            return ChangeWindows.Weekly(
                Set(days ?? ChangeWindows.Weekday.allCases), from: minutes(weekly["from"]), to: minutes(weekly["to"]))
        }
        windows.freezes = (value["freezes"]?.list ?? []).compactMap { freeze in
            guard let from = reader.day(freeze["from"]), let until = reader.day(freeze["until"]) else { return nil }
            if until < from, let place = freeze["until"] {
                reader.problem("the freeze ends before it begins", at: place)
            }
            return ChangeWindows.Freeze(from: from, until: until, reason: freeze["reason"]?.text ?? "")
        }
        return windows
    }

    /// Since midnight.
    private static func minutes(_ value: Value?) -> Int {
        let parts = (value?.text ?? "").split(separator: ":").compactMap { Int($0) }
        return parts.count == 2 ? parts[0] * 60 + parts[1] : 0
    }

    /// - Parameter tls: what holds for the whole environment.
    static func limits(
        _ value: Value, _ tls: TLSRules?, _ traffic: [TrafficRule], _ reader: inout Reader
    ) -> Limits {
        var limits = Limits()
        if let step = value["maxStep"] {
            limits.maxStep = step.percent
            if step.percent == .none { reader.problem("with 0% the new color would never get a share", at: step) }
        }
        if let healthy = value["minHealthy"] {
            if healthy.text.hasSuffix("%") {
                limits.minHealthyPart = healthy.percent
            } else {
                limits.minHealthy = healthy.integer
            }
        }
        if let headroom = value["headroom"] {
            limits.headroom = headroom.number
            if headroom.number < 1 {
                reader.problem("below 1 the new color might not take what the live one had", at: headroom)
            }
        }
        if let peaks = value["peaks"] {
            for backend in peaks.list.compactMap({ $0["backend"] }) {
                reader.check(backend, isIn: traffic)
            }
            limits.peaks = peaks.list.map { PrometheusFormat.peak($0, tls, &reader) }
            if limits.headroom == nil {
                reader.problem("`peaks` are asked for `headroom`, which is not set", at: peaks)
            }
        }
        if let period = value["flipWithin"] { limits.flipWithin = period.period }
        if let launches = value["launches"] { limits.launches = launches.integer }
        if let period = value["returnFor"] { limits.returnFor = period.period }
        limits.windows = value["windows"].map { windows($0, &reader) }
        return limits
    }
}
