import JSON
import Migration

/// Everything the sandbox's Metronome knows, and its decisions.
struct JobState: Sendable {
    var jobs: [String: JobRecord] = [:]
    /// Runs that are not over, and the last ones of each job that are.
    var runs: [JobRun] = []
    private(set) var revision = 0

    private static let historyLength = 10

    /// Something was changed that has to be on disk.
    mutating func touch() { revision += 1 }

    func active(_ job: String) -> [JobRun] { runs.filter { $0.job == job && !$0.isOver } }

    /// Begins the runs whose time has come. A time that passes while a job forbids a second run is left out.
    mutating func fire(at now: Instant) {
        for id in jobs.keys.sorted() {
            guard var job = jobs[id], let due = job.nextFire, due <= now else { continue }
            job.nextFire = job.fire(after: now)
            jobs[id] = job
            if job.forbidsConcurrency, !active(id).isEmpty { continue }
            begin(id, at: now)
        }
    }

    @discardableResult
    mutating func begin(_ job: String, at now: Instant) -> JobRun {
        revision += 1
        let clock = now.clock.filter { $0 != ":" }
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        let mark = String((0..<5).map { _ in letters.randomElement() ?? "A" })
        let run = JobRun(id: now.compactDay + clock + mark, job: job, createdAt: now)
        runs.append(run)
        return run
    }

    mutating func update(_ run: JobRun) {
        guard let index = runs.firstIndex(where: { $0.id == run.id }) else { return }
        revision += 1
        runs[index] = run
    }

    /// Ends a run, and begins those of the jobs that waited for it.
    mutating func end(_ run: JobRun, _ status: JobRun.Status, at now: Instant) {
        var run = run
        run.status = status
        run.completedAt = now
        run.process = nil
        update(run)
        if status == .success { jobs[run.job]?.successes += 1 } else { jobs[run.job]?.failures += 1 }
        if status == .success {
            for job in jobs.values where job.dependencies.contains(run.job) { begin(job.id, at: now) }
        }
        let over = runs.filter { $0.job == run.job && $0.isOver }
        let forgotten = Set(over.dropLast(JobState.historyLength).map(\.id))
        runs.removeAll { forgotten.contains($0.id) }
    }

    mutating func remove(_ job: String) {
        revision += 1
        jobs[job] = nil
        runs.removeAll { $0.job == job }
    }
}

// MARK: - On disk

extension JobState {
    var json: JSON {
        [
            "jobs": .array(
                jobs.values.sorted { $0.id < $1.id }.map { job in
                    [
                        "document": .object(job.document), "schedule": job.schedule.map(JSON.object) ?? .null,
                        "successes": .count(job.successes), "failures": .count(job.failures),
                    ]
                }),
            "runs": .array(runs.map(\.json)),
        ]
    }

    init(_ json: JSON, at now: Instant) {
        for entry in json["jobs"]?.array ?? [] {
            var job = JobRecord(
                document: entry["document"]?.object ?? JSONObject(), schedule: entry["schedule"]?.object)
            job.successes = entry["successes"]?.int ?? 0
            job.failures = entry["failures"]?.int ?? 0
            job.arm(at: now)
            jobs[job.id] = job
        }
        runs = (json["runs"]?.array ?? []).compactMap(JobRun.init)
    }
}

extension JobRun {
    fileprivate var json: JSON {
        var run = JSONObject([
            ("id", .string(id)), ("job", .string(job)), ("createdAt", .string(createdAt.description)),
            ("status", .string(status.rawValue)), ("task", .string(task)), ("directory", .string(directory)),
        ])
        run["completedAt"] = completedAt.map { .string($0.description) }
        run["pid"] = process.map { .count(Int($0.pid)) }
        run["startTicks"] = process.map { .string(String($0.startTicks)) }
        return .object(run)
    }

    fileprivate init?(_ json: JSON) {
        guard let id = json["id"]?.string, let job = json["job"]?.string,
            let created = json["createdAt"]?.string.flatMap({ Instant($0) }),
            let status = json["status"]?.string.flatMap(Status.init)
        else { return nil }
        self.init(id: id, job: job, createdAt: created, status: status)
        completedAt = json["completedAt"]?.string.flatMap { Instant($0) }
        task = json["task"]?.string ?? ""
        directory = json["directory"]?.string ?? ""
        if let pid = json["pid"]?.int, let ticks = json["startTicks"]?.string.flatMap({ UInt64($0) }) {
            process = ProcessIdentity(pid: Int32(pid), startTicks: ticks)
        }
    }
}
