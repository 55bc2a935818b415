import JSON
import Migration

/// What an instant query gave.
struct PrometheusAnswer {
    /// Each number, with the labels of its series: `{code="500", instance="10.0.0.1:9100"}`, or nothing.
    var values: [(labels: String, value: Double)]
    /// What the server says may be missing, for example stores that did not answer Thanos.
    var warnings: [String]

    init(values: [(labels: String, value: Double)], warnings: [String] = []) {
        self.values = values
        self.warnings = warnings
    }

    /// - Throws: `Refusal` where the answer is no number, or one for each series.
    init(_ data: JSON, warnings: [String]) throws(PrometheusServer.Refusal) {
        self.warnings = warnings
        switch data["resultType"]?.string {
        case "scalar":
            guard let value = PrometheusAnswer.number(data["result"]) else {
                throw PrometheusServer.Refusal(message: "its answer has no number. Correct `url`")
            }
            values = [("", value)]
        case "vector":
            var values: [(String, Double)] = []
            for series in data["result"]?.array ?? [] {
                guard series["histogram"] == nil else {
                    throw PrometheusServer.Refusal(
                        message: "the query gives histograms, which have no limits: write histogram_quantile(0.99, …)")
                }
                guard let value = PrometheusAnswer.number(series["value"]) else {
                    throw PrometheusServer.Refusal(message: "a series of the answer has no number. Correct `url`")
                }
                values.append((PrometheusAnswer.labels(series["metric"]), value))
            }
            self.values = values
        case let type:
            throw PrometheusServer.Refusal(
                message:
                    "the query gives a \(type ?? "thing without a type"): write one that gives a number, or one for "
                    + "each series, as rate(…) does")
        }
    }

    /// Of `[1795987436.5, "0.25"]`; a number is written as text, for `NaN`, `+Inf` and `-Inf`.
    private static func number(_ sample: JSON?) -> Double? { sample?[1]?.string.flatMap(Double.init) }

    private static func labels(_ metric: JSON?) -> String {
        let labels = (metric?.object ?? JSONObject([])).filter { $0.key != "__name__" }
            .map { "\($0.key)=\"\($0.value.string ?? "")\"" }.sorted()
        return labels.isEmpty ? "" : "{\(labels.joined(separator: ", "))}"
    }
}

/// Whether the numbers of an answer lie within the limits.
struct PrometheusJudgement {
    private let query: PrometheusQuery
    private let answer: PrometheusAnswer
    /// What is a number.
    private let measured: [(labels: String, value: Double)]

    init(_ query: PrometheusQuery, _ answer: PrometheusAnswer) {
        self.query = query
        self.answer = answer
        measured = answer.values.filter { !$0.value.isNaN }
    }

    /// The number is the one that was decisive, if any was.
    var judgement: (verdict: Verdict, message: String, value: Double?) {
        let beyond = measured.filter { !query.isWithin($0.value) }
        if let worst = beyond.first {
            let more = beyond.count > 1 ? " and \(beyond.count - 1) more beyond it" : ""
            return (.fail, "\(shown(worst)), \(query.limits)\(more)", worst.value)
        }
        guard let nearest else { return (.inconclusive, empty, nil) }
        // What is missing could be beyond.
        if let warning = answer.warnings.first {
            return (.inconclusive, "\(shown(nearest)), but not all is known: \(warning.visible)", nearest.value)
        }
        return (.pass, "\(shown(nearest)), \(query.limits)", nearest.value)
    }

    private var empty: String {
        answer.values.isEmpty
            ? "no data: the query gives no series"
            : "no data: \(shown(answer.values[0])), as where nothing was counted yet"
    }

    /// Of those within the limits the one to show: the lowest where there is only a limit below, else the highest.
    private var nearest: (labels: String, value: Double)? {
        query.max == nil && query.min != nil
            ? measured.min { $0.value < $1.value } : measured.max { $0.value < $1.value }
    }

    private func shown(_ one: (labels: String, value: Double)) -> String {
        one.labels.isEmpty ? Wording.number(one.value) : "\(Wording.number(one.value)) of \(one.labels.visible)"
    }
}
