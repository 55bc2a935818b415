import Digest
import FoundationEssentials
import Glibc
import JSON
import Migration
import Schedules

/// A job of Chronos as a launch definition, without what Chronos counts. Unknown fields survive untouched.
///
/// Source: Chronos 3.0, `JobSerializer.scala` and the REST API guide.
struct ChronosJob: Sendable, Hashable {
    private(set) var json: JSONObject

    /// - Throws: `Failure` that names the path of what is no job.
    init(_ definition: JSON) throws(Failure) {
        guard let object = definition.object, let name = object["name"]?.string, !name.isEmpty else {
            throw Failure(
                "A job of Chronos without a name", at: "name", details: [definition.outline])
        }
        guard object["schedule"]?.string != nil || object["parents"]?.array != nil else {
            throw Failure("The job \(name) of Chronos has neither a schedule nor parents", at: "schedule")
        }
        json = object
        for key in ["successCount", "errorCount", "lastSuccess", "lastError", "errorsSinceLastSuccess"] {
            json[key] = nil
        }
        for key in json.keys where json[key]?.isNull == true { json[key] = nil }
    }

    var name: String { json["name"]?.string ?? "" }
    var id: ServiceID { ServiceID(ServiceSource.chronosMark + name) }
    var isEnabled: Bool { json["disabled"]?.bool != true }
    var dependencies: [ServiceID] {
        (json["parents"]?.array ?? []).compactMap(\.string).map { ServiceID(ServiceSource.chronosMark + $0) }
    }
    /// A job with parents runs after them, by no schedule of its own.
    var isDependent: Bool { json["parents"]?.array?.isEmpty == false }
    var zone: ZoneRules { json["scheduleTimeZone"]?.string.flatMap { ZoneRules(name: $0) } ?? .utc }

    func interval(now: Instant) -> RepeatingInterval? {
        json["schedule"]?.string.flatMap { RepeatingInterval($0, now: now) }
    }

    func disabled(_ isDisabled: Bool) -> JSON {
        var job = json
        job["disabled"] = .bool(isDisabled)
        return .object(job)
    }

    /// The job enabled, without the times that passed while it was not: Chronos would make up at once for one that
    /// passed less than `epsilon` ago, though it ran where the job was before.
    ///
    /// - Returns: nil when none of its times is left.
    func enabled(at now: Instant) -> JSON? {
        guard !isDependent, let interval = interval(now: now) else { return disabled(false) }
        guard let later = interval.forwarded(past: now, in: zone) else { return nil }
        var job = json
        job["disabled"] = false
        if interval.start <= now { job["schedule"] = .string(later.text) }
        return .object(job)
    }

    var fingerprint: String { SHA256.hexadecimal(of: normalForm.canonical) }

    /// What makes two jobs the same. Whether it is enabled does not belong to it, nor how far its schedule has got:
    /// Chronos moves the start on and counts down with each run.
    var normalForm: JSON {
        var job = json
        job["disabled"] = nil
        let epoch = Instant(milliseconds: 0)
        if let interval = interval(now: epoch) {
            let fixed = interval.end(in: zone)?.description ?? phase(interval, epoch)
            job["schedule"] = .string("\(fixed)/\(interval.period.text)")
        }
        job = NormalForm.merged(job, ChronosJob.defaults)
        return NormalForm.of(job, sets: ["parents", "constraints", "environmentVariables"])
    }

    private static let defaults: KeyValuePairs<String, JSON> = [
        "retries": 2, "concurrent": false, "softError": false, "highPriority": false, "shell": true,
        "dataProcessingJobType": false, "scheduleTimeZone": "",
    ]

    /// Where in its period it fires; of periods that the calendar stretches only that it goes on forever is known.
    private func phase(_ interval: RepeatingInterval, _ epoch: Instant) -> String {
        guard interval.period.isFixed,
            let next = interval.forwarded(past: interval.start, in: zone)?.start
        else { return "R" }
        let length = (next - interval.start).milliseconds
        return "R+\(((interval.start - epoch).milliseconds % length + length) % length)"
    }
}
