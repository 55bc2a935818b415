import Foundation
import JSON
import Schedules

/// What Metronome takes as a job and as a schedule, and what it fills in.
///
/// Source: Metronome 0.6, `api/src/main/resources/public/api/v1/schema`, `JobSpec.scala`.
enum JobDocument {
    /// - Throws: 422 with the path and the reason, in the words of Metronome.
    static func job(_ json: JSON) throws(MarathonError) -> JSONObject {
        try checked(json, shape)
        var job = json.object ?? JSONObject()
        for key in ["schedules", "activeRuns", "history", "historySummary"] { job[key] = nil }
        try refuseMisfits(job)
        fill(&job, ["description": "", "labels": [:], "dependencies": []])
        if job["description"]?.string?.isEmpty == true { job["description"] = nil }
        if job["dependencies"]?.array?.isEmpty == true { job["dependencies"] = nil }
        var run = job["run"]?.object ?? JSONObject()
        fill(
            &run,
            [
                "disk": 0, "gpus": 0, "env": [:], "placement": ["constraints": []], "artifacts": [],
                "maxLaunchDelay": 3600, "volumes": [], "restart": ["policy": "NEVER"], "secrets": [:], "networks": [],
            ])
        run["artifacts"] = run["artifacts"]?.array.map {
            .array($0.map { filled($0, ["extract": true, "executable": false, "cache": false]) })
        }
        if let docker = run["docker"] {
            run["docker"] = filled(docker, ["forcePullImage": false, "privileged": false, "parameters": []])
        }
        job["run"] = .object(run)
        return job
    }

    /// - Throws: 422 with the path and the reason.
    static func schedule(_ json: JSON) throws(MarathonError) -> JSONObject {
        try checked(json, scheduleShape)
        var schedule = json.object ?? JSONObject()
        schedule["nextRunAt"] = nil
        fill(
            &schedule,
            ["timezone": "UTC", "startingDeadlineSeconds": 900, "concurrencyPolicy": "ALLOW", "enabled": true])
        guard Cron(schedule["cron"]?.string ?? "") != nil else {
            throw invalid("/cron", "Cron expression is not valid")
        }
        guard ZoneRules(name: schedule["timezone"]?.string ?? "") != nil else {
            throw invalid("/timezone", "Timezone is not valid")
        }
        return schedule
    }

    private static func refuseMisfits(_ job: JSONObject) throws(MarathonError) {
        let id = job["id"]?.string ?? ""
        let form = #"^([a-z0-9]+(\-+[a-z0-9]+)*)(\.([a-z0-9]+(\-+[a-z0-9]+)*))*$"#
        guard id.range(of: form, options: .regularExpression) != nil else {
            throw invalid("/id", "must fully match regular expression '\(form)'")
        }
        let run = job["run"] ?? [:]
        let hasContainer = run["docker"]?["image"] != nil || run["ucr"]?["image"] != nil
        if run["cmd"] == nil, run["args"] == nil, !hasContainer {
            throw invalid("/run", "Cmd, args or container image must be given")
        }
        if run["docker"] != nil, run["ucr"] != nil {
            throw invalid("/run", "Either Docker or UCR should be provided, but not both")
        }
        for (index, volume) in (run["volumes"]?.array ?? []).enumerated() {
            if let name = volume["secret"]?.string, run["secrets"]?[name] == nil {
                throw invalid("/run/volumes(\(index))/secret", "refers to an undefined secret '\(name)'")
            }
        }
        for (variable, value) in run["env"]?.object ?? JSONObject() {
            if let name = value["secret"]?.string, run["secrets"]?[name] == nil {
                throw invalid("/run/env/\(variable)/secret", "refers to an undefined secret '\(name)'")
            }
        }
    }

    private static func checked(_ json: JSON, _ shape: Shape) throws(MarathonError) {
        do throws(MarathonError) {
            try shape.check(json)
        } catch {
            // Metronome knows no difference between a wrong kind of value and a wrong value.
            throw MarathonError(422, error.body)
        }
    }

    static func invalid(_ path: String, _ message: String) -> MarathonError {
        MarathonError.invalidObject([.init(path: path, message: message)])
    }

    private static func fill(_ object: inout JSONObject, _ defaults: KeyValuePairs<String, JSON>) {
        for (key, value) in defaults where object[key] == nil { object[key] = value }
    }

    private static func filled(_ json: JSON, _ defaults: KeyValuePairs<String, JSON>) -> JSON {
        guard var object = json.object else { return json }
        fill(&object, defaults)
        return .object(object)
    }

    private static let text = Shape.string()
    private static let constraint = Shape.object(
        [
            "attribute": text, "operator": .enumeration(["EQ", "IS", "LIKE", "UNLIKE"]), "value": text,
        ], required: ["attribute", "operator"])
    private static let artifact = Shape.object(
        ["uri": .string(minimumLength: 1), "executable": .boolean, "extract": .boolean, "cache": .boolean],
        required: ["uri"])
    private static let run = Shape.object(
        [
            "cpus": .number(minimum: 0.01), "mem": .number(minimum: 32), "disk": .number(minimum: 0),
            "gpus": .integer(0...Int(Int32.max)), "cmd": .string(minimumLength: 1), "args": .array(text),
            "artifacts": .array(artifact), "env": .map(.any), "secrets": .map(.object(["source": text])),
            "docker": .object(["image": text, "privileged": .boolean], required: ["image"]),
            "ucr": .object(["image": .object(["id": text], required: ["id"])], required: ["image"]),
            "maxLaunchDelay": .integer(0...Int(Int32.max)), "networks": .array(.object([:])),
            "placement": .object(["constraints": .array(constraint)]),
            "restart": .object(
                [
                    "policy": .enumeration(["NEVER", "ON_FAILURE"]), "activeDeadlineSeconds": .integer(0...Int.max),
                ], required: ["policy"]), "user": text,
            "volumes": .array(.object(["containerPath": text], required: ["containerPath"])),
        ], required: ["cpus", "mem"])
    private static let shape = Shape.object(
        [
            "id": text, "description": text, "labels": .map(text),
            "dependencies": .array(.object(["id": text], required: ["id"])), "run": run,
        ], required: ["id", "run"])
    private static let scheduleShape = Shape.object(
        [
            "id": .string(minimumLength: 1), "cron": text, "timezone": text,
            "startingDeadlineSeconds": .integer(1...Int.max),
            "concurrencyPolicy": .enumeration(["ALLOW", "FORBID"]), "enabled": .boolean,
        ], required: ["id", "cron"])
}
