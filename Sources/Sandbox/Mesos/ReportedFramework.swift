import JSON
import Migration

/// A framework of the sandbox as Mesos would know it.
struct ReportedFramework: Sendable {
    let id: String
    let name: String
    let webUI: String
    let role: String
    let tasks: [ReportedTask]
}

/// A task that has not ended, as Mesos would know it.
struct ReportedTask: Sendable {
    let id: String
    let name: String
    /// The id of its agent.
    let agent: String
    /// For example `TASK_RUNNING`.
    let state: String
    let since: Timestamp
    let resources: Resources
    var ports: [Int] = []
    /// Nil without health checks.
    var isHealthy: Bool?
}

/// What launches tasks in the sandbox.
protocol MesosFramework: Sendable {
    func report() async -> ReportedFramework
}

extension Scheduler: MesosFramework {
    func report() -> ReportedFramework {
        let state = snapshot
        return ReportedFramework(
            id: state.frameworkID, name: "marathon", webUI: "http://\(configuration.endpoint)",
            role: configuration.role,
            tasks: state.tasks.values.sorted { $0.id < $1.id }.map { task in
                let own = task.app.segments.reversed().joined(separator: ".")
                return ReportedTask(
                    id: task.id, name: task.container ?? own, agent: task.slaveID, state: task.phase.mesosState,
                    since: task.startedAt ?? task.stagedAt, resources: task.resources, ports: task.ports,
                    isHealthy: task.healthChecks.isEmpty ? nil : task.isHealthy)
            })
    }
}

extension TaskRecord.Phase {
    fileprivate var mesosState: String {
        switch self {
        case .staging: "TASK_STAGING"
        case .running: "TASK_RUNNING"
        case .killing: "TASK_KILLING"
        }
    }
}

extension JobScheduler: MesosFramework {
    /// Each run is an app of its own in Metronome: its name stands before the job's, from the end to the beginning.
    func report() -> ReportedFramework {
        ReportedFramework(
            id: "sandbox-\(configuration.color)-metronome", name: "metronome",
            webUI: "http://\(configuration.address):\(configuration.port)", role: "*",
            tasks: activeRuns.map { run, job in
                ReportedTask(
                    id: run.task,
                    name: ([run.id] + run.job.split(separator: ".").reversed().map(String.init))
                        .joined(separator: "."),
                    agent: Agent.id(inFolder: run.directory), state: "TASK_RUNNING",
                    since: Timestamp(milliseconds: run.createdAt.milliseconds),
                    resources: Resources(job?.run ?? [:]))
            })
    }
}

extension ComposeScheduler: MesosFramework {
    func report() -> ReportedFramework {
        ReportedFramework(
            id: "sandbox-\(configuration.color)-compose", name: configuration.prefix,
            webUI: "http://\(configuration.address):\(configuration.port)", role: "*",
            tasks: records.filter { !$0.directory.isEmpty }.map { record in
                ReportedTask(
                    id: record.id, name: record.taskName, agent: Agent.id(inFolder: record.directory),
                    state: record.isBeingKilled ? "TASK_KILLING" : record.state, since: record.since,
                    resources: Resources(
                        cpus: record.json["CPU"]?.double ?? 0, mem: record.json["Memory"]?.double ?? 0,
                        disk: record.json["Disk"]?.double ?? 0),
                    ports: (record.json["port_mappings"]?.array ?? []).compactMap { $0["host_port"]?.int })
            })
    }
}

extension Agent {
    /// Of the agent whose server has this folder.
    static func id(inFolder folder: String) -> String {
        id(server: folder.split(separator: "/").last.map(String.init) ?? "", directory: folder)
    }
}
