import JSON

/// What the core wants done; the shell does it after the state is durable.
enum Command: Sendable {
    /// Starts one task; those of a pod's instance are given out together, one command a container.
    case launch(TaskRecord, AppDefinition)
    /// Ends a task, with all processes of its session.
    case end(TaskRecord, force: Bool)
    /// Runs the checks of its container against a task until it ends.
    case probe(TaskRecord, [HealthCheck])
    /// The task is over: what was kept for it goes.
    case forget(TaskRecord)
    case publish(ServerEvent)
    /// Ends every event stream.
    case detachSubscribers
    case log(LogEntry)
}

/// What happened outside the core.
enum SchedulerEvent: Sendable {
    case tick
    /// All agents that there are.
    case agents([Agent])
    /// These agents offer these resources.
    case offers([Agent])
    /// Whatever was offered is used or declined.
    case offersGone
    /// The id that the Mesos master knows the scheduler by; nil when it forgot it.
    case registered(framework: String?)
    case started(task: String, ProcessIdentity?)
    case adopted(task: String, ProcessIdentity?)
    /// The launch was decided by an earlier scheduler process and never carried out.
    case unlaunched(task: String)
    case exited(task: String, TaskExit)
    case probed(task: String, check: Int, failure: String?)
}

/// One line of `scheduler.jsonl`.
struct LogEntry: Sendable {
    enum Kind: String, Sendable {
        case launched, running, killed, failed, adopted
    }

    let time: Timestamp
    let kind: Kind
    let app: PathID
    let task: String
    let agent: String
    let port: Int?
    var message: String?

    var json: JSON {
        var line = JSONObject(fields: [
            ("time", .string(time.description)), ("event", .string(kind.rawValue)), ("app", .string(app.description)),
            ("task", .string(task)), ("agent", .string(agent)),
        ])
        line["port"] = port.map { .count($0) } ?? .null
        line["message"] = message.map { .string($0) }
        return .object(line)
    }
}

/// One event of `/v2/events`.
struct ServerEvent: Sendable {
    let type: String
    let data: JSON

    init(_ type: String, at time: Timestamp, _ fields: [(String, JSON)]) {
        self.type = type
        data = .object(
            JSONObject(fields + [("eventType", .string(type)), ("timestamp", .string(time.description))]))
    }

    /// The frame as Jetty writes it.
    var frame: [UInt8] {
        Array("event: \(type)\r\ndata: \(data.compact)\r\n\r\n".utf8)
    }
}
