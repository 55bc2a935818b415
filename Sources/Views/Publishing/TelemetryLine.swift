import FoundationEssentials
import Glibc
import JSON
import Migration

/// One look as a line of JSON: `{"run":…,"time":…,"samples":[[LOAD BALANCER,BACKEND,COLOR,SHARE,RATE,ERRORS,MS,SESSIONS],…]}`.
///
/// While a drain waits, `open` has the oldest sessions that it waits for: `{"more":…,"unknown":[…],"sessions":[[LOAD
/// BALANCER,BACKEND,SERVER,FRONTEND,CLIENT,AGE,IN,OUT,OLD PROCESS],…]}`, with the age in milliseconds.
///
/// Lists in place of objects: with 1,000 backends there are thousands of samples twice a second.
enum TelemetryLine {
    static func text(of reading: TelemetryReading, run: RunID) -> String {
        let rows = reading.samples.map { sample -> JSON in
            [
                .string(sample.loadBalancer.text), .string(sample.backend), .string(sample.color.rawValue),
                number(sample.share), number(sample.requestsPerSecond), number(sample.errorRate),
                sample.responseTime.map { .number(JSONNumber(Int($0.milliseconds))) } ?? .null,
                .number(JSONNumber(sample.sessions)),
            ]
        }
        var line: [(String, JSON)] = [
            ("run", .string(run.text)), ("time", .string(reading.time.description)), ("samples", .array(rows)),
        ]
        if let open = reading.open { line.append(("open", json(open))) }
        return JSON.object(JSONObject(line)).compact
    }

    /// - Returns: nil for a line of another run, and for one that is damaged.
    static func reading(of line: some Collection<UInt8>, run: RunID) -> TelemetryReading? {
        guard let json = try? JSON(parsing: Array(line)), json["run"]?.string == run.text,
            let time = json["time"]?.string.flatMap({ Instant($0) }), let rows = json["samples"]?.array
        else { return nil }
        let samples = rows.compactMap(sample)
        guard samples.count == rows.count else { return nil }
        return TelemetryReading(time: time, samples: samples, open: json["open"].flatMap(open))
    }

    private static func json(_ open: OpenSessions) -> JSON {
        func number(_ value: Int?) -> JSON { value.map { .number(JSONNumber($0)) } ?? .null }
        let rows = open.listed.map { session -> JSON in
            [
                .string(session.loadBalancer.text), .string(session.backend), .string(session.server),
                .string(session.frontend), .string(session.client), number(session.age.map { Int($0.milliseconds) }),
                number(session.bytesIn), number(session.bytesOut), number(session.oldProcess),
            ]
        }
        return [
            "more": .number(JSONNumber(open.more)), "unknown": .array(open.unknown.map { .string($0) }),
            "sessions": .array(rows),
        ]
    }

    private static func open(_ json: JSON) -> OpenSessions? {
        guard let more = json["more"]?.int, let rows = json["sessions"]?.array else { return nil }
        let sessions = rows.compactMap { row -> OpenSession? in
            let texts = (0..<5).compactMap { row[$0]?.string }
            guard texts.count == 5 else { return nil }
            return OpenSession(
                loadBalancer: LoadBalancerID(texts[0]), backend: texts[1], server: texts[2], frontend: texts[3],
                client: texts[4], age: row[5]?.int.map { Period(milliseconds: Int64($0)) }, bytesIn: row[6]?.int,
                bytesOut: row[7]?.int, oldProcess: row[8]?.int)
        }
        return OpenSessions(
            sessions, more: max(0, more), unknown: json["unknown"]?.array?.compactMap(\.string) ?? [])
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
