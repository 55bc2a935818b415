/// What a Traefik counts, in the text format of Prometheus.
///
/// Source: Traefik's documentation, Observability/Metrics; the format is Prometheus' exposition format 0.0.4.
struct TraefikMetrics: Sendable {
    /// What it counted for one service since it started.
    struct Count: Sendable, Hashable {
        var requests = 0
        /// By the first digit of the status.
        var byClass: [Int: Int] = [:]
        var bytesOut = 0
    }

    /// By service, as `shop-blue@file`.
    private(set) var counts: [String: Count] = [:]
    /// By service and URL: whether the last check that a server was asked by passed. It outlives changes of the
    /// configuration, which the status in the API does not.
    private(set) var lastCheck: [String: [String: Bool]] = [:]
    /// When the process started, in seconds since 1970; another one after a restart.
    private(set) var start: Double?
    /// Whether it is Traefik that answers.
    private(set) var isTraefik = false

    init(_ text: String) {
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            guard line.first != UInt8(ascii: "#"), let sample = Sample(Substring(line)) else { continue }
            take(sample)
        }
    }

    private mutating func take(_ sample: Sample) {
        if sample.name.hasPrefix("traefik_") { isTraefik = true }
        switch sample.name {
        case "process_start_time_seconds": start = sample.value
        case "traefik_service_requests_total":
            guard let service = sample.labels["service"] else { return }
            counts[service, default: Count()].requests.add(sample.count)
            if let digit = sample.labels["code"]?.first?.wholeNumberValue {
                counts[service, default: Count()].byClass[digit, default: 0].add(sample.count)
            }
        case "traefik_service_responses_bytes_total":
            guard let service = sample.labels["service"] else { return }
            counts[service, default: Count()].bytesOut.add(sample.count)
        case "traefik_service_server_up":
            guard let service = sample.labels["service"], let url = sample.labels["url"] else { return }
            lastCheck[service, default: [:]][url] = sample.value > 0
        default: break
        }
    }
}

extension Int {
    /// Whatever an answer holds, its sums have a bound.
    fileprivate mutating func add(_ count: Int) { self = Swift.min(self + count, 1 << 60) }
}

/// `name{label="value",…} 12`.
private struct Sample {
    var name: String
    var labels: [String: String] = [:]
    var value: Double

    var count: Int { value.isFinite && value >= 0 && value < 1e15 ? Int(value) : 0 }

    init?(_ line: Substring) {
        var rest = line
        name = String(rest.prefix { $0 != "{" && $0 != " " })
        guard name.hasPrefix("traefik_service_") || name.hasPrefix("process_start") || name.hasPrefix("traefik_config")
        else { return nil }
        // Only the ones that are read: latencies come in many lines.
        guard !name.hasSuffix("_bucket") else { return nil }
        rest = rest.dropFirst(name.count)
        if rest.first == "{" {
            rest = rest.dropFirst()
            while let next = rest.first, next != "}" {
                guard let label = Sample.label(&rest) else { return nil }
                labels[label.name] = label.value
                if rest.first == "," { rest = rest.dropFirst() }
            }
            rest = rest.dropFirst()
        }
        guard let text = rest.split(separator: " ").first, let value = Double(text) else { return nil }
        self.value = value
    }

    private static func label(_ rest: inout Substring) -> (name: String, value: String)? {
        let name = rest.prefix { $0 != "=" }
        rest = rest.dropFirst(name.count + 1)
        guard rest.first == "\"" else { return nil }
        rest = rest.dropFirst()
        var value = ""
        while let next = rest.first, next != "\"" {
            rest = rest.dropFirst()
            guard next == "\\", let escaped = rest.first else {
                value.append(next)
                continue
            }
            rest = rest.dropFirst()
            value.append(escaped == "n" ? "\n" : escaped)
        }
        guard !rest.isEmpty else { return nil }
        rest = rest.dropFirst()
        return (String(name.drop { $0 == " " }), value)
    }
}
