import JSON

/// One health check of an app, run by the scheduler itself.
struct HealthCheck: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case http(path: String, secure: Bool)
        case tcp
        case command(String)
    }

    let kind: Kind
    /// A fixed port; otherwise the task's port at `portIndex` is probed.
    let port: Int?
    let portIndex: Int
    let gracePeriod: Double
    let interval: Double
    let timeout: Double
    /// After so many failures in a row the task is killed; zero means never.
    let maxConsecutiveFailures: Int

    init(_ json: JSON, portCount: Int) {
        switch json["protocol"]?.string ?? "HTTP" {
        case "TCP", "MESOS_TCP": kind = .tcp
        case "COMMAND": kind = .command(json["command"]?["value"]?.string ?? "false")
        case "HTTPS", "MESOS_HTTPS": kind = .http(path: json["path"]?.string ?? "/", secure: true)
        default: kind = .http(path: json["path"]?.string ?? "/", secure: false)
        }
        port = json["port"]?.int
        portIndex = json["portIndex"]?.int ?? 0
        gracePeriod = json["gracePeriodSeconds"]?.double ?? 300
        interval = max(json["intervalSeconds"]?.double ?? 60, 0.1)
        timeout = max(json["timeoutSeconds"]?.double ?? 20, 0.1)
        maxConsecutiveFailures = json["maxConsecutiveFailures"]?.int ?? 3
    }
}

/// What the probes of one health check of one task have shown so far.
struct Health: Sendable, Hashable {
    var alive = false
    var consecutiveFailures = 0
    var firstSuccess: Timestamp?
    var lastSuccess: Timestamp?
    var lastFailure: Timestamp?
    var lastFailureCause: String?

    /// Whether any probe has counted yet.
    var isKnown: Bool { firstSuccess != nil || lastFailure != nil }
}
