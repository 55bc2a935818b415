/// A question to a Prometheus: an instant query whose every number must lie within limits.
///
/// `{{ new }}` and `{{ old }}` stand in `query` and `series` for the colors of a run, as text: a run may go either way.
///
/// Source: Prometheus, HTTP API, "Instant queries" (<https://prometheus.io/docs/prometheus/latest/querying/api/>).
public struct PrometheusQuery: Codable, Sendable, Hashable {
    /// What people call it.
    public var name: String
    /// What comes before `/api/v1/query`.
    public var url: Setting
    /// PromQL that gives a number, or one for each series.
    public var query: String
    /// A selector of series that the query rests on: the time that an instant query answers with is that of the question,
    /// so a number does not tell how old it is. `timestamp()` of these does.
    public var series: String
    /// How old the last sample of each of these may be.
    public var maxAge: Period
    public var min: Double?
    public var max: Double?
    public var user: Setting?
    public var password: Setting?
    /// A bearer token in place of both.
    public var token: Setting?

    public init(
        name: String, url: Setting, query: String, series: String, maxAge: Period = .minutes(1), min: Double? = nil,
        max: Double? = nil, user: Setting? = nil, password: Setting? = nil, token: Setting? = nil
    ) {
        self.name = name
        self.url = url
        self.query = query
        self.series = series
        self.maxAge = maxAge
        self.min = min
        self.max = max
        self.user = user
        self.password = password
        self.token = token
    }

    public func isWithin(_ value: Double) -> Bool {
        (min.map { value >= $0 } ?? true) && (max.map { value <= $0 } ?? true)
    }

    /// `at most 0.01`, `from 10 to 20`.
    public var limits: String {
        switch (min, max) {
        case (let min?, let max?): "from \(Wording.number(min)) to \(Wording.number(max))"
        case (let min?, nil): "at least \(Wording.number(min))"
        case (nil, let max?): "at most \(Wording.number(max))"
        case (nil, nil): "any number"
        }
    }

    /// The longest range that the query looks back, for example 5 minutes of `rate(errors[5m])`: its answer tells as much
    /// of the time before a change as of the time after it.
    ///
    /// Source: PromQL, "Range Vector Selectors" and "Subquery", whose range stands before the colon.
    public var longestRange: Period? {
        var longest: Period?
        var rest = Substring(query)
        while let open = rest.firstIndex(of: "[") {
            rest = rest[rest.index(after: open)...]
            let text = String(rest.prefix { $0 != "]" && $0 != ":" }.filter { $0 != " " })
            guard let period = Period(text) else { continue }
            longest = Swift.max(longest ?? period, period)
        }
        return longest
    }

    /// Whether a text is a selector and nothing more, as `timestamp()` needs one: of an expression it gives the time of the
    /// question.
    public static func isSelector(_ text: String) -> Bool {
        guard let name = text.firstIndex(of: "{") else { return isMetric(text) }
        guard text.last == "}", name == text.startIndex || isMetric(String(text[..<name])) else { return false }
        // A brace within the matchers that no quotes hold ends them.
        var quote: Character?
        var isEscaped = false
        for character in text[text.index(after: name)...].dropLast() {
            if isEscaped {
                isEscaped = false
            } else if let open = quote {
                if character == "\\", open != "`" { isEscaped = true }
                if character == open { quote = nil }
            } else if "\"'`".contains(character) {
                quote = character
            } else if "{}()[]".contains(character) {
                return false
            }
        }
        return quote == nil
    }

    private static func isMetric(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"):
                true
            default: false
            }
        }
    }

    /// The same for a run in this direction.
    func filled(_ direction: Direction) -> PrometheusQuery {
        var filled = self
        filled.query = direction.filled(query)
        filled.series = direction.filled(series)
        return filled
    }
}

extension Probe {
    /// The probe as a run in this direction asks it: with the colors where `{{ new }}` and `{{ old }}` stand.
    public func filled(_ direction: Direction) -> Probe {
        var probe = self
        switch kind {
        case .prometheus(let query): probe.kind = .prometheus(query.filled(direction))
        case .http(let url, let path, let expect, let headers):
            probe.kind = .http(
                url: url, path: path, expect: expect, headers: headers.mapValues { Setting(direction.filled($0.text)) })
        case .tcp, .command, .zooKeeper, .mesosDNS, .redis, .vault, .traefik: break
        }
        return probe
    }
}

extension Direction {
    fileprivate func filled(_ text: String) -> String {
        text.replacing("{{ new }}", with: new.rawValue).replacing("{{ old }}", with: old.rawValue)
    }
}

extension Environment {
    /// Questions whose answer tells of the time before a step too, one sentence each.
    public var lateMeasurements: [String] {
        let bakes = gates.cutOver.steps.sorted { ($0.bake, $0.share) < ($1.bake, $1.share) }
        guard let shortest = bakes.first else { return [] }
        return gates.cutOver.analysis.compactMap { analysis in
            guard case .prometheus(let prometheus) = analysis, let range = prometheus.query.longestRange,
                range > shortest.bake
            else { return nil }
            return
                "gates.cutOver.analysis[].prometheus \(prometheus.query.name): its query looks back \(range), longer than "
                + "the \(shortest.bake) that \(shortest.share) are watched: it covers more of the time before"
        }
    }
}
