import JSON
import Migration
import Schedules
import Transport

/// The Chronos of one color: jobs that fire at repeating intervals, or after other jobs.
///
/// Source: Chronos 3.0, REST API guide; version 2 has the same below `/scheduler`.
public struct ChronosCluster: Cluster {
    private let client: FrameworkClient
    private let resolver: Resolver
    private let now: @Sendable () -> Instant

    /// - Throws: `Failure` when the URL refers to a server that the inventory does not have, or a setting is missing.
    public init(
        _ source: ServiceSource.Access, inventory: Inventory, resolver: @escaping Resolver,
        proxy: ProxyRules? = nil, now: @escaping @Sendable () -> Instant
    ) throws(Failure) {
        client = try FrameworkClient(
            "Chronos", source, at: "services.sources[].chronos", inventory: inventory, resolver: resolver,
            proxy: proxy)
        self.resolver = resolver
        self.now = now
    }

    public func observePlatform() async throws(Failure) -> PlatformState {
        let leader = try await client.find("/v1/scheduler/leader")
        let isLed = leader?["leader"]?.string?.isEmpty == false
        return PlatformState(
            description: "Chronos at \(client.place)", isReady: isLed,
            missing: isLed ? [] : ["no Chronos is elected as leader"])
    }

    public func observeServices() async throws(Failure) -> [Service] {
        let jobs = try await jobs()
        for job in jobs { _ = try path(of: job) }
        return jobs.map(service).sorted { $0.id < $1.id }
    }

    public func rewrite(
        _ service: Service, overrides: [Override], inventory: Inventory?
    ) throws(Failure) -> Service {
        let run = try OverrideRun(
            .object(service.definitionJSON()), of: service.id, overrides, inventory: inventory, resolver: resolver)
        let job = try ChronosJob(run.json)
        guard job.id == service.id else {
            throw Failure("An override can't change the name of \(service.id)", at: "services.overrides")
        }
        var rewritten = self.service(job)
        rewritten.changes = run.changes
        rewritten.accepted = run.accepted
        (rewritten.mode, rewritten.modeReason) = try run.jobMode()
        return rewritten
    }

    public func differences(_ wanted: Service, _ found: Service) throws(Failure) -> [FieldChange] {
        Differences.between(
            try ChronosJob(.object(wanted.definitionJSON())).normalForm,
            try ChronosJob(.object(found.definitionJSON())).normalForm)
    }

    public func launch(_ service: Service, suspended: Bool) async throws(Failure) {
        let job = try ChronosJob(.object(service.definitionJSON()))
        try await send(job, as: job.disabled(suspended || !job.isEnabled))
    }

    /// A job has no instances that could be too few; `observeActivity` reports what of it runs.
    public func observeHealth(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceHealth] {
        try await observeActivity(services).mapValues { activity in
            ServiceHealth(
                expected: activity.running, staged: 0, running: activity.running, healthy: 0, unhealthy: 0,
                hasHealthChecks: false, isDeploying: false, reasons: [])
        }
    }

    /// Never kills a run: Chronos would, so while one is under way the job stays, and the failure is a passing one.
    public func stop(_ service: ServiceID) async throws(Failure) {
        guard let job = try await jobs().first(where: { $0.id == service }) else { return }
        if job.isEnabled { try await suspend(service) }
        guard let running = try await running()[job.name], running > 0 else {
            _ = try await client.call(.delete, try path(of: job), accepting: [400, 404])
            guard try await !jobs().contains(where: { $0.id == service }) else {
                throw Failure("\(service) was removed, but Chronos still lists it", at: client.place, kind: .transient)
            }
            return
        }
        throw Failure(
            "\(service) is not removed while \(running == 1 ? "a run" : "\(running) runs") of it is under way",
            at: client.place, advice: "rz waits for it. To end it now, kill its tasks in Chronos.", kind: .transient)
    }

    // MARK: - Single-color services

    public func observeActivity(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceActivity] {
        let wanted = Set(services)
        let running = try await running()
        let (jobs, now) = try await observeJobs()
        var activity: [ServiceID: ServiceActivity] = [:]
        for job in jobs where wanted.contains(job.id) {
            let next = job.isDependent ? nil : job.interval(now: now)?.nextFire(after: now, in: job.zone)
            activity[job.id] = ServiceActivity(
                isEnabled: job.isEnabled, instances: 0, running: running[job.name] ?? 0, nextFire: next?.fire)
        }
        return activity
    }

    public func suspend(_ service: ServiceID) async throws(Failure) {
        let job = try await present(service)
        try await send(job, as: job.disabled(true))
        try await readBack(service, isEnabled: false)
    }

    public func activate(_ service: ServiceID, instances: Int) async throws(Failure) {
        let (jobs, time) = try await observeJobs()
        guard let job = jobs.first(where: { $0.id == service }) else { throw absent(service) }
        // The clock of the answer leaves out what is less than a second.
        guard let enabled = job.enabled(at: time + .seconds(1)) else {
            throw Failure(
                "The schedule of \(service) has no time left, so it can't be enabled", at: client.place,
                details: [job.json["schedule"]?.string ?? ""],
                advice: "Disable it in the old color, or give it another schedule; then run: rz resume.")
        }
        try await send(job, as: enabled)
        try await readBack(service, isEnabled: true)
    }

    public func runOnce(_ job: ServiceID) async throws(Failure) {
        _ = try await client.call(.put, try path(of: await present(job)))
    }

    // MARK: - Calls

    /// Its names may hold spaces and #, too.
    private func path(of job: ChronosJob) throws(Failure) -> String {
        "/v1/scheduler/job/" + (try URLPath.segment(job.name, of: "job of Chronos"))
    }

    /// Creates or updates: Chronos has one call for both.
    private func send(_ job: ChronosJob, as definition: JSON) async throws(Failure) {
        let kind = job.isDependent ? "dependency" : "iso8601"
        _ = try await client.call(.post, "/v1/scheduler/\(kind)", body: definition)
    }

    private func readBack(_ service: ServiceID, isEnabled: Bool) async throws(Failure) {
        guard try await present(service).isEnabled != isEnabled else { return }
        throw Failure(
            "\(service) was \(isEnabled ? "enabled" : "disabled"), but Chronos reports otherwise", at: client.place,
            kind: .transient)
    }

    private func present(_ service: ServiceID) async throws(Failure) -> ChronosJob {
        guard let job = try await jobs().first(where: { $0.id == service }) else {
            throw absent(service)
        }
        return job
    }

    private func absent(_ service: ServiceID) -> Failure {
        Failure("\(service) is not in this Chronos", at: client.place)
    }

    private func jobs() async throws(Failure) -> [ChronosJob] { try await observeJobs().jobs }

    /// The jobs, and when that was by Chronos's clock: this host's may be wrong.
    private func observeJobs() async throws(Failure) -> (jobs: [ChronosJob], time: Instant) {
        let answer = try await client.call(.get, "/v1/scheduler/jobs")
        let list = try client.list(client.json(answer), "jobs", of: "/v1/scheduler/jobs")
        var jobs: [ChronosJob] = []
        for json in list { jobs.append(try ChronosJob(json)) }
        return (jobs, answer.serverTime ?? now())
    }

    /// Runs under way by the names of their jobs: `node,NAME,success,2 running` of the graph.
    private func running() async throws(Failure) -> [String: Int] {
        let graph = try await client.call(.get, "/v1/scheduler/graph/csv").text
        var running: [String: Int] = [:]
        for line in graph.split(whereSeparator: \.isNewline) {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard ["node", "link"].contains(fields[0]) else {
                throw client.noList("runs", of: "/v1/scheduler/graph/csv")
            }
            guard fields.count >= 4, fields[0] == "node", let state = fields.last else { continue }
            let name = fields[1..<(fields.count - 2)].joined(separator: ",")
            switch state {
            case "running", "queued": running[name] = 1
            default:
                if state.hasSuffix(" running") { running[name] = Int(state.prefix { $0.isNumber }) ?? 1 }
            }
        }
        return running
    }

    private func service(_ job: ChronosJob) -> Service {
        Service(
            id: job.id, definition: ServiceDefinition(job.json), instances: 0, mode: .scheduled,
            dependencies: job.dependencies,
            fingerprint: job.fingerprint, kind: "job of Chronos")
    }
}
