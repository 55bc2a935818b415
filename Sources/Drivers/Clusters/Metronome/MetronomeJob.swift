import Digest
import FoundationEssentials
import Glibc
import JSON
import Migration
import Schedules

/// A job of Metronome with its schedules as a launch definition: what an operator wrote, without what Metronome adds.
/// Unknown fields survive untouched.
///
/// Source: Metronome 0.6, `api/src/main/resources/public/api/v1/schema`.
struct MetronomeJob: Sendable, Hashable {
    private(set) var json: JSONObject

    /// - Throws: `Failure` that names the path of what is no job.
    init(_ definition: JSON) throws(Failure) {
        guard let object = definition.object, let id = object["id"]?.string, !id.isEmpty else {
            throw Failure(
                "A job of Metronome without an id", at: "id", details: [definition.outline])
        }
        json = object
        for key in ["activeRuns", "history", "historySummary"] { json[key] = nil }
        for key in json.keys where json[key]?.isNull == true { json[key] = nil }
        json["schedules"] = object["schedules"]?.array.map { schedules in
            .array(
                schedules.map { schedule in
                    guard var schedule = schedule.object else { return schedule }
                    schedule["nextRunAt"] = nil
                    return .object(schedule)
                })
        }
    }

    var id: ServiceID { ServiceID(json["id"]?.string ?? "") }
    var schedules: [JSON] { json["schedules"]?.array ?? [] }
    var dependencies: [ServiceID] {
        (json["dependencies"]?.array ?? []).compactMap { $0["id"]?.string }.map { ServiceID($0) }
    }

    /// The job alone: some versions of Metronome don't take schedules along with it, and others ignore them.
    var withoutSchedules: JSON {
        var job = json
        job["schedules"] = nil
        return .object(job)
    }

    /// Digest of what makes two jobs the same, whether they are enabled or not.
    var fingerprint: String { SHA256.hexadecimal(of: normalForm.canonical) }

    /// The definition as any version of Metronome would report it: defaults filled in, nothing empty, sets sorted,
    /// numbers by their value. Whether a schedule is enabled does not belong to it.
    var normalForm: JSON {
        var job = json
        NormalForm.fillEach(
            "schedules", of: &job,
            ["timezone": "UTC", "startingDeadlineSeconds": 900, "concurrencyPolicy": "ALLOW"])
        job["schedules"] = job["schedules"]?.array.map { schedules in
            .array(
                schedules.map { schedule in
                    guard var schedule = schedule.object else { return schedule }
                    schedule["enabled"] = nil
                    return .object(schedule)
                })
        }
        if job["description"]?.string?.isEmpty == true { job["description"] = nil }
        if var run = job["run"]?.object {
            NormalForm.fillEach("artifacts", of: &run, ["extract": true, "executable": false, "cache": false])
            for (kind, defaults) in MetronomeJob.containers where run[kind] != nil {
                run[kind] = run[kind].map { NormalForm.filled($0, defaults) }
            }
            if var ucr = run["ucr"]?.object, let image = ucr["image"] {
                ucr["image"] = NormalForm.filled(image, ["kind": "docker", "forcePull": false])
                run["ucr"] = .object(ucr)
            }
            run["restart"] = NormalForm.filled(run["restart"] ?? [:], ["policy": "NEVER"])
            run["placement"] = run["placement"].map(MetronomeJob.placement)
            run = NormalForm.merged(run, ["disk": 0, "gpus": 0, "maxLaunchDelay": 3600])
            for key in run.keys where NormalForm.isEmpty(run[key]) { run[key] = nil }
            job["run"] = .object(run)
        }
        return NormalForm.of(job, sets: ["dependencies"])
    }

    private static let containers: KeyValuePairs<String, KeyValuePairs<String, JSON>> = [
        "docker": ["forcePullImage": false, "privileged": false], "ucr": ["privileged": false],
    ]

    /// `EQ` is what `IS` was called before.
    private static func placement(_ placement: JSON) -> JSON {
        guard var object = placement.object, let constraints = object["constraints"]?.array else { return placement }
        guard !constraints.isEmpty else { return [:] }
        object["constraints"] = NormalForm.sorted(
            .array(
                constraints.map { constraint in
                    guard var constraint = constraint.object else { return constraint }
                    if constraint["operator"] == "EQ" { constraint["operator"] = "IS" }
                    return .object(constraint)
                }))
        return .object(object)
    }
}

/// One schedule of a job of Metronome as it was read, what Metronome adds included.
struct MetronomeSchedule: Sendable, Hashable {
    private(set) var json: JSONObject

    init?(_ schedule: JSON) {
        guard let object = schedule.object, object["id"]?.string?.isEmpty == false else { return nil }
        json = object
    }

    var id: String { json["id"]?.string ?? "" }
    /// Metronome enables a schedule that says nothing.
    var isEnabled: Bool { json["enabled"]?.bool ?? true }

    func enabled(_ isEnabled: Bool) -> JSON {
        var schedule = json
        schedule["nextRunAt"] = nil
        schedule["enabled"] = .bool(isEnabled)
        return .object(schedule)
    }

    /// As Metronome says, by its own clock; by the schedule where its version does not say.
    func nextFire(after now: Instant) -> Instant? {
        if let text = json["nextRunAt"]?.string { return Instant(iso8601: text) }
        guard let zone = ZoneRules(name: json["timezone"]?.string ?? "UTC"),
            let cron = json["cron"]?.string.flatMap({ Cron($0) })
        else { return nil }
        return cron.nextFire(after: now, in: zone)
    }
}
