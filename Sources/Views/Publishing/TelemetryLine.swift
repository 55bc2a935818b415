import FoundationEssentials
import Glibc
import JSON
import Migration

/// One look as a line of JSON: `{"run":…,"time":…,"samples":[[LOAD BALANCER,BACKEND,COLOR,SHARE,RATE,ERRORS,MS,SESSIONS],…]}`.
///
/// Lists in place of objects: with 1,000 backends there are thousands of samples twice a second.
enum TelemetryLine {
    static func text(of samples: [TrafficSample], at time: Instant, run: RunID) -> String {
        let rows = samples.map { sample -> JSON in
            [
                .string(sample.loadBalancer.text), .string(sample.backend), .string(sample.color.rawValue),
                number(sample.share), number(sample.requestsPerSecond), number(sample.errorRate),
                sample.responseTime.map { .number(JSONNumber(Int($0.milliseconds))) } ?? .null,
                .number(JSONNumber(sample.sessions)),
            ]
        }
        let line: JSON = ["run": .string(run.text), "time": .string(time.description), "samples": .array(rows)]
        return line.compact
    }

    /// - Returns: nil for a line of another run, and for one that is damaged.
    static func reading(of line: some Collection<UInt8>, run: RunID) -> TelemetryReading? {
        guard let json = try? JSON(parsing: Array(line)), json["run"]?.string == run.text,
            let time = json["time"]?.string.flatMap({ Instant($0) }), let rows = json["samples"]?.array
        else { return nil }
        let samples = rows.compactMap(sample)
        return samples.count == rows.count ? TelemetryReading(time: time, samples: samples) : nil
    }

    private static func sample(_ row: JSON) -> TrafficSample? {
        guard let loadBalancer = row[0]?.string, let backend = row[1]?.string,
            let color = row[2]?.string.flatMap({ Color(rawValue: $0) }), let share = row[3]?.double,
            let rate = row[4]?.double, let errors = row[5]?.double, let sessions = row[7]?.int
        else { return nil }
        return TrafficSample(
            loadBalancer: LoadBalancerID(loadBalancer), backend: backend, color: color, share: share,
            requestsPerSecond: rate, errorRate: errors,
            responseTime: row[6]?.int.map { Period(milliseconds: Int64($0)) }, sessions: sessions)
    }

    /// A rate of nothing by nothing is none.
    private static func number(_ value: Double) -> JSON { JSONNumber(value).map(JSON.number) ?? 0 }
}
