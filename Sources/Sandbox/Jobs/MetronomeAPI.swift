import JSON
import Migration

/// Metronome's REST API over the state of jobs.
///
/// Source: Metronome 0.6, `conf/routes`, `api/src/main/resources/public/api/v1`.
struct MetronomeAPI: Sendable {
    /// Where it can be reached, as `/leader` names it.
    let endpoint: String

    func respond(to request: APIRequest, state: inout JobState, at now: Instant) -> APIResponse {
        do throws(MarathonError) {
            if !request.isReadOnly { state.touch() }
            return try route(request, &state, now)
        } catch {
            return APIResponse(status: error.status, json: error.body)
        }
    }

    private func route(
        _ request: APIRequest, _ state: inout JobState, _ now: Instant
    ) throws(MarathonError) -> APIResponse {
        let path = request.path
        switch (request.method, path.first, path.dropFirst().first) {
        case ("GET", "ping", nil): return APIResponse(contentType: "text/plain", text: "pong")
        case ("GET", "info", nil): return APIResponse(json: ["version": "0.6.48", "libVersion": "1.11.24"])
        case ("GET", "leader", nil): return APIResponse(json: ["leader": .string(endpoint)])
        case ("GET", "v1", "metrics"): return APIResponse(json: [:])
        case ("GET", "v1", "queue"): return APIResponse(json: queue(state))
        case (_, "v1", "jobs"): return try jobs(request, Array(path.dropFirst(2)), &state, now)
        case ("POST", "v0", "scheduled-jobs") where path.count == 2:
            let json = try request.json()
            _ = try create(json, &state)
            for schedule in json["schedules"]?.array ?? [] { try set(schedule, of: id(json), &state, now) }
            return APIResponse(status: 201, json: try shown(id(json), request, state, now))
        case ("PUT", "v0", "scheduled-jobs") where path.count == 3:
            let json = try request.json()
            try update(json, path[2], &state)
            for schedule in json["schedules"]?.array ?? [] { try set(schedule, of: path[2], &state, now) }
            return APIResponse(json: try shown(path[2], request, state, now))
        default: throw MarathonError(404, "Unknown path")
        }
    }

    private func jobs(
        _ request: APIRequest, _ path: [String], _ state: inout JobState, _ now: Instant
    ) throws(MarathonError) -> APIResponse {
        guard let job = path.first else {
            switch request.method {
            case "GET":
                var list: [JSON] = []
                for id in state.jobs.keys.sorted() { list.append(try shown(id, request, state, now)) }
                return APIResponse(json: .array(list))
            case "POST":
                let id = try create(try request.json(), &state)
                return APIResponse(status: 201, json: try shown(id, request, state, now))
            default: throw MarathonError(405, "Method not allowed")
            }
        }
        guard state.jobs[job] != nil else { throw MarathonError(404, "Job '\(job)' does not exist") }
        switch (request.method, path.count > 1 ? path[1] : nil) {
        case ("GET", nil): return APIResponse(json: try shown(job, request, state, now))
        case ("PUT", nil):
            try update(try request.json(), job, &state)
            return APIResponse(json: try shown(job, request, state, now))
        case ("DELETE", nil):
            guard state.active(job).isEmpty || request.flag("stopCurrentJobRuns") else {
                throw MarathonError(409, "There are active job runs. Override with stopCurrentJobRuns=true")
            }
            let shown = try shown(job, request, state, now)
            state.remove(job)
            return APIResponse(json: shown)
        case (_, "schedules"): return try schedules(request, job, Array(path.dropFirst(2)), &state, now)
        case (_, "runs"): return try runs(request, job, Array(path.dropFirst(2)), &state, now)
        default: throw MarathonError(404, "Unknown path")
        }
    }

    private func create(_ json: JSON, _ state: inout JobState) throws(MarathonError) -> String {
        let document = try JobDocument.job(json)
        let id = document["id"]?.string ?? ""
        guard state.jobs[id] == nil else { throw MarathonError(409, "Job with this id already exists") }
        try refuseUnknownDependencies(document, state)
        state.jobs[id] = JobRecord(document: document)
        return id
    }

    /// Keeps the schedule, whatever the body says of it.
    private func update(_ json: JSON, _ job: String, _ state: inout JobState) throws(MarathonError) {
        var object = json.object ?? JSONObject()
        if object["id"] == nil { object["id"] = .string(job) }
        let document = try JobDocument.job(.object(object))
        guard document["id"]?.string == job else { throw JobDocument.invalid("/id", "Id can not be changed") }
        guard state.jobs[job] != nil else { throw MarathonError(404, "Job '\(job)' does not exist") }
        try refuseUnknownDependencies(document, state)
        state.jobs[job]?.document = document
    }

    private func refuseUnknownDependencies(_ document: JSONObject, _ state: JobState) throws(MarathonError) {
        for (index, dependency) in (document["dependencies"]?.array ?? []).enumerated() {
            guard let id = dependency["id"]?.string, state.jobs[id] == nil else { continue }
            throw JobDocument.invalid("/dependencies(\(index))", "Dependency job '\(id)' does not exist")
        }
    }

    private func id(_ json: JSON) -> String { json["id"]?.string ?? "" }

    // MARK: - Schedules

    private func schedules(
        _ request: APIRequest, _ job: String, _ path: [String], _ state: inout JobState, _ now: Instant
    ) throws(MarathonError) -> APIResponse {
        let known = state.jobs[job]?.schedule?["id"]?.string
        switch (request.method, path.first) {
        case ("GET", nil): return APIResponse(json: .array(try shownSchedules(job, state, now)))
        case ("POST", nil):
            guard known == nil else { throw MarathonError(409, "A job can have only one schedule") }
            try set(try request.json(), of: job, &state, now)
            return APIResponse(status: 201, json: try shownSchedules(job, state, now).first ?? [:])
        case (let method, let id?):
            guard id == known else { throw MarathonError(404, "Schedule '\(id)' does not exist") }
            if method == "PUT" {
                var schedule = try request.json().object ?? JSONObject()
                schedule["id"] = .string(id)
                try set(.object(schedule), of: job, &state, now)
            }
            let shown = try shownSchedules(job, state, now).first ?? [:]
            if method == "DELETE" {
                state.jobs[job]?.schedule = nil
                state.jobs[job]?.arm(at: now)
            }
            return APIResponse(json: shown)
        default: throw MarathonError(405, "Method not allowed")
        }
    }

    private func set(
        _ schedule: JSON, of job: String, _ state: inout JobState, _ now: Instant
    ) throws(MarathonError) {
        guard state.jobs[job]?.dependencies.isEmpty == true else {
            throw JobDocument.invalid("/schedules", "A job may not have both dependencies and schedules")
        }
        state.jobs[job]?.schedule = try JobDocument.schedule(schedule)
        state.jobs[job]?.arm(at: now)
    }

    // MARK: - Runs

    private func runs(
        _ request: APIRequest, _ job: String, _ path: [String], _ state: inout JobState, _ now: Instant
    ) throws(MarathonError) -> APIResponse {
        guard let id = path.first else {
            switch request.method {
            case "GET": return APIResponse(json: .array(state.active(job).map(\.shown)))
            case "POST": return APIResponse(status: 201, json: state.begin(job, at: now).shown)
            default: throw MarathonError(405, "Method not allowed")
            }
        }
        guard let run = state.runs.first(where: { $0.id == id && $0.job == job }) else {
            throw MarathonError(404, "Job Run '\(id)' does not exist")
        }
        switch (request.method, Array(path.dropFirst())) {
        case ("GET", []): return APIResponse(json: run.shown)
        case ("POST", ["actions", "stop"]):
            if let process = run.process { TaskProcess.signal(process, force: true) }
            state.end(run, .failed, at: now)
            return APIResponse(json: run.shown)
        default: throw MarathonError(404, "Unknown path")
        }
    }

    // MARK: - What is shown

    private func queue(_ state: JobState) -> JSON {
        let waiting = state.runs.filter { $0.status == .initial }
        return .array(
            Set(waiting.map(\.job)).sorted().map { job in
                [
                    "jobId": .string(job),
                    "runs": .array(waiting.filter { $0.job == job }.map { ["runId": .string($0.id)] }),
                ]
            })
    }

    private func shown(
        _ id: String, _ request: APIRequest, _ state: JobState, _ now: Instant
    ) throws(MarathonError) -> JSON {
        guard let job = state.jobs[id] else { throw MarathonError(404, "Job '\(id)' does not exist") }
        var document = job.document
        let embedded = Set(request.values(of: "embed"))
        if embedded.contains("schedules") { document["schedules"] = .array(try shownSchedules(id, state, now)) }
        if embedded.contains("activeRuns") { document["activeRuns"] = .array(state.active(id).map(\.shown)) }
        let counts = JSONObject([("successCount", .count(job.successes)), ("failureCount", .count(job.failures))])
        if embedded.contains("historySummary") { document["historySummary"] = .object(counts) }
        if embedded.contains("history") {
            var history = counts
            let over = state.runs.filter { $0.job == id && $0.isOver }
            history["successfulFinishedRuns"] = .array(over.filter { $0.status == .success }.map(\.shown))
            history["failedFinishedRuns"] = .array(over.filter { $0.status == .failed }.map(\.shown))
            document["history"] = .object(history)
        }
        return .object(document)
    }

    private func shownSchedules(_ id: String, _ state: JobState, _ now: Instant) throws(MarathonError) -> [JSON] {
        guard let job = state.jobs[id], var schedule = job.schedule else { return [] }
        schedule["nextRunAt"] = job.fire(after: now).map { .string($0.metronome) }
        return [.object(schedule)]
    }
}

extension JobRun {
    /// As the API shows it.
    fileprivate var shown: JSON {
        let tasks: [JSON] =
            task.isEmpty
            ? []
            : [
                [
                    "id": .string(task), "startedAt": .string(createdAt.metronome),
                    "status": .string(status == .active ? "TASK_RUNNING" : "TASK_FINISHED"),
                ]
            ]
        return [
            "id": .string(id), "jobId": .string(job), "status": .string(status.rawValue),
            "createdAt": .string(createdAt.metronome),
            "completedAt": completedAt.map { .string($0.metronome) } ?? .null, "tasks": .array(tasks),
        ]
    }
}

extension Instant {
    /// `2016-07-15T13:02:59.735+0000`.
    fileprivate var metronome: String { description.dropLast() + "+0000" }
}
