import JSON
import Migration
import Transport

/// The Metronome of one color: jobs that fire by a schedule.
///
/// Source: Metronome 0.6, REST API v1. Only what every version since 0.3 knows is used: schedules are read with
/// `embed=schedules`, and written apart from their job.
public struct MetronomeCluster: Cluster {
    private let client: FrameworkClient
    private let resolver: Resolver
    private let now: @Sendable () -> Instant

    /// - Throws: `Failure` when the URL refers to a server that the inventory does not have, or a setting is missing.
    public init(
        _ source: ServiceSource.Access, inventory: Inventory, resolver: @escaping Resolver,
        proxy: ProxyRules? = nil, now: @escaping @Sendable () -> Instant
    ) throws(Failure) {
        client = try FrameworkClient(
            "Metronome", source, at: "services.sources[].metronome", inventory: inventory, resolver: resolver,
            proxy: proxy)
        self.resolver = resolver
        self.now = now
    }

    public func observePlatform() async throws(Failure) -> PlatformState {
        let info = try await client.get("/info")
        let version = info["version"]?.string ?? "of an unknown version"
        let leader = try await client.find("/leader")?["leader"]?.string
        return PlatformState(
            description: "Metronome \(version) at \(client.place)", isReady: leader != nil,
            missing: leader == nil ? ["no Metronome is elected as leader"] : [])
    }

    public func observeServices() async throws(Failure) -> [Service] {
        var services: [Service] = []
        for json in try await jobs(embedding: ["schedules"]) {
            let job = try MetronomeJob(json)
            _ = try path(of: job.id)
            services.append(service(job))
        }
        return services.sorted { $0.id < $1.id }
    }

    public func rewrite(
        _ service: Service, overrides: [Override], inventory: Inventory?
    ) throws(Failure) -> Service {
        let run = try OverrideRun(
            .object(service.definitionJSON()), of: service.id, overrides, inventory: inventory, resolver: resolver)
        var rewritten = self.service(try MetronomeJob(run.json))
        rewritten.changes = run.changes
        rewritten.accepted = run.accepted
        (rewritten.mode, rewritten.modeReason) = try run.jobMode()
        return rewritten
    }

    public func differences(_ wanted: Service, _ found: Service) throws(Failure) -> [FieldChange] {
        Differences.between(
            try MetronomeJob(.object(wanted.definitionJSON())).normalForm,
            try MetronomeJob(.object(found.definitionJSON())).normalForm)
    }

    /// Always with its schedules disabled when suspended: Metronome enables one that says nothing.
    public func launch(_ service: Service, suspended: Bool) async throws(Failure) {
        let job = try MetronomeJob(.object(service.definitionJSON()))
        // The existing job may be enabled, and would fire with the new definition.
        if suspended { try await setEnabled(false, in: job.id, ifPresent: true) }
        let answer = try await client.call(.post, "/v1/jobs", body: job.withoutSchedules, accepting: [409])
        if answer.status == 409 { _ = try await client.call(.put, try path(of: job.id), body: job.withoutSchedules) }
        try await replaceSchedules(of: job, suspended: suspended)
    }

    /// A job has one schedule at most, so that one of another name has to go first.
    private func replaceSchedules(of job: MetronomeJob, suspended: Bool) async throws(Failure) {
        let wanted = job.schedules.compactMap(MetronomeSchedule.init)
        let present = try await schedules(of: job.id) ?? []
        for schedule in present where !wanted.contains(where: { $0.id == schedule.id }) {
            _ = try await client.call(.delete, try path(of: schedule.id, of: job.id), accepting: [404])
        }
        for schedule in wanted {
            let body = schedule.enabled(schedule.isEnabled && !suspended)
            if present.contains(where: { $0.id == schedule.id }) {
                _ = try await client.call(.put, try path(of: schedule.id, of: job.id), body: body)
            } else {
                _ = try await client.call(.post, try path(of: job.id) + "/schedules", body: body)
            }
        }
    }

    /// A job has no instances that could be too few; `observeActivity` reports what of it runs.
    public func observeHealth(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceHealth] {
        try await observeActivity(services).mapValues { activity in
            ServiceHealth(
                expected: activity.running, staged: 0, running: activity.running, healthy: 0, unhealthy: 0,
                hasHealthChecks: false, isDeploying: false, reasons: [])
        }
    }

    /// Never kills a run: while one is under way the job stays, and the failure is a passing one.
    public func stop(_ service: ServiceID) async throws(Failure) {
        try await setEnabled(false, in: service, ifPresent: true)
        let answer = try await client.call(
            .delete, try path(of: service) + "?stopCurrentJobRuns=false", accepting: [404, 409])
        guard answer.status == 409 else { return }
        let running = try await observeActivity([service])[service]?.running ?? 0
        throw Failure(
            "\(service) is not removed while \(running == 1 ? "a run" : "\(running) runs") of it is under way",
            at: client.place, details: [(try? client.json(answer))?["message"]?.string ?? "status 409"],
            advice: "rz waits for it. To end it now, stop the run in Metronome.", kind: .transient)
    }

    // MARK: - Single-color services

    public func observeActivity(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceActivity] {
        let details = "?embed=schedules&embed=activeRuns"
        let one = services.count == 1 ? services.first : nil
        let path = try one.map(path) ?? "/v1/jobs"
        // That there is no such job is an answer; that there are no jobs at all, as a path, is not.
        let answer = try await client.call(.get, path + details, accepting: one == nil ? [] : [404])
        guard answer.status != 404 else { return [:] }
        let json = try client.json(answer)
        let found = one == nil ? try client.list(json, "jobs", of: path) : [json]
        let wanted = Set(services)
        // This host's clock may be wrong; whether a job has fired is judged by the framework's.
        let now = answer.serverTime ?? now()
        var activity: [ServiceID: ServiceActivity] = [:]
        for job in found {
            guard let id = job["id"]?.string.map({ ServiceID($0) }) else {
                throw client.noList("fields of a job", of: path)
            }
            guard wanted.contains(id) else { continue }
            let schedules = (job["schedules"]?.array ?? []).compactMap(MetronomeSchedule.init)
            activity[id] = ServiceActivity(
                isEnabled: schedules.contains(where: \.isEnabled), instances: 0,
                running: job["activeRuns"]?.array?.count ?? 0,
                nextFire: schedules.compactMap { $0.nextFire(after: now) }.min())
        }
        return activity
    }

    public func suspend(_ service: ServiceID) async throws(Failure) {
        try await setEnabled(false, in: service, ifPresent: false)
    }

    public func activate(_ service: ServiceID, instances: Int) async throws(Failure) {
        try await setEnabled(true, in: service, ifPresent: false)
    }

    public func runOnce(_ job: ServiceID) async throws(Failure) {
        _ = try await client.call(.post, try path(of: job) + "/runs", body: [:])
    }

    /// Changes what is not as wanted, and reads back that it was.
    private func setEnabled(_ isEnabled: Bool, in job: ServiceID, ifPresent: Bool) async throws(Failure) {
        guard let schedules = try await schedules(of: job) else {
            if ifPresent { return }
            throw Failure(
                "\(job) is not in this Metronome, so its schedule can't be \(isEnabled ? "enabled" : "disabled")",
                at: client.place)
        }
        let others = schedules.filter { $0.isEnabled != isEnabled }
        for schedule in others {
            _ = try await client.call(.put, try path(of: schedule.id, of: job), body: schedule.enabled(isEnabled))
        }
        guard !others.isEmpty, try await self.schedules(of: job)?.contains(where: { $0.isEnabled != isEnabled }) == true
        else { return }
        throw Failure(
            "The schedule of \(job) was \(isEnabled ? "enabled" : "disabled"), but Metronome reports otherwise",
            at: client.place, kind: .transient)
    }

    // MARK: - Reading

    private func jobs(embedding details: [String]) async throws(Failure) -> [JSON] {
        let path = "/v1/jobs?" + details.map { "embed=\($0)" }.joined(separator: "&")
        return try client.list(await client.get(path), "jobs", of: "/v1/jobs")
    }

    /// Nil when there is no such job.
    private func schedules(of job: ServiceID) async throws(Failure) -> [MetronomeSchedule]? {
        let path = try path(of: job) + "/schedules"
        guard let list = try await client.find(path) else { return nil }
        return try client.list(list, "schedules", of: path).compactMap(MetronomeSchedule.init)
    }

    private func path(of job: ServiceID) throws(Failure) -> String {
        "/v1/jobs/" + (try URLPath.name(job.text, of: "job of Metronome"))
    }

    private func path(of schedule: String, of job: ServiceID) throws(Failure) -> String {
        try path(of: job) + "/schedules/" + URLPath.segment(schedule, of: "schedule of Metronome")
    }

    private func service(_ job: MetronomeJob) -> Service {
        Service(
            id: job.id, definition: ServiceDefinition(job.json), instances: 0, mode: .scheduled,
            dependencies: job.dependencies,
            fingerprint: job.fingerprint, kind: "job of Metronome")
    }
}
