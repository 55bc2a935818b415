import Foundation
import JSON
import Migration
import Schedules

/// A job as Metronome keeps it: the complete document, and its schedule apart.
struct JobRecord: Sendable {
    /// With every default filled in, without schedules.
    var document: JSONObject
    var schedule: JSONObject?
    /// When it fires next; nil while its schedule is disabled or it has none. Not durable: what passed while the
    /// scheduler was not there is not made up for, as in Metronome.
    var nextFire: Instant?
    var successes = 0
    var failures = 0

    var id: String { document["id"]?.string ?? "" }
    var run: JSON { document["run"] ?? [:] }
    var dependencies: [String] { (document["dependencies"]?.array ?? []).compactMap { $0["id"]?.string } }
    var forbidsConcurrency: Bool { schedule?["concurrencyPolicy"]?.string == "FORBID" }
    /// How long a run may wait for a server that takes it.
    var startingDeadline: Period { .seconds(Int64(schedule?["startingDeadlineSeconds"]?.int ?? 900)) }

    /// Sets when it fires next, from now on.
    mutating func arm(at now: Instant) {
        nextFire = schedule?["enabled"]?.bool == true ? fire(after: now) : nil
    }

    /// By the schedule alone, enabled or not.
    func fire(after now: Instant) -> Instant? {
        guard let cron = schedule?["cron"]?.string.flatMap({ Cron($0) }),
            let zone = ZoneRules(name: schedule?["timezone"]?.string ?? "UTC")
        else { return nil }
        return cron.nextFire(after: now, in: zone)
    }

    /// The variables and the program of one of its runs.
    var arguments: [String] {
        if let command = run["cmd"]?.string { return ["/bin/sh", "-c", command] }
        let arguments = (run["args"]?.array ?? []).compactMap(\.string)
        // There are no images in the sandbox: what an image would run is stood in for by a process that ends well.
        return arguments.isEmpty ? ["/bin/sh", "-c", "true"] : ["/usr/bin/env", "--"] + arguments
    }

    func variables(of run: JobRun, agent: [String: String], inherited: [String: String]) -> [String: String] {
        var variables = inherited
        variables.merge(agent) { _, new in new }
        for (name, value) in self.run["env"]?.object ?? JSONObject() { variables[name] = value.string }
        variables["METRONOME_JOB_ID"] = id
        variables["METRONOME_JOB_RUN_ID"] = run.id
        variables["MESOS_TASK_ID"] = run.task
        variables["MESOS_SANDBOX"] = run.folder
        return variables
    }

    /// Whether a run may go to a server.
    func admits(_ agent: Agent) -> Bool {
        (run["placement"]?["constraints"]?.array ?? []).allSatisfy { constraint in
            let mine = agent.value(of: constraint["attribute"]?.string ?? "")
            let value = constraint["value"]?.string ?? ""
            let fits = mine.map { $0.range(of: "^(?:\(value))$", options: .regularExpression) != nil } ?? false
            return switch constraint["operator"]?.string {
            case "LIKE": fits
            case "UNLIKE": !fits
            default: mine == value
            }
        }
    }
}

/// One run of a job, which is one process after the other until one ends well or none is started any more.
struct JobRun: Sendable {
    enum Status: String, Sendable {
        case initial = "INITIAL", active = "ACTIVE", success = "SUCCESS", failed = "FAILED"
    }

    let id: String
    let job: String
    let createdAt: Instant
    var status = Status.initial
    var completedAt: Instant?
    var task = ""
    var directory = ""
    var process: ProcessIdentity?

    var folder: String { "\(directory)/tasks/\(task)" }
    var isOver: Bool { status == .success || status == .failed }
}
