import JSON

/// One health or readiness check, run by the scheduler itself.
struct HealthCheck: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case http(path: String, secure: Bool)
        case tcp
        case command([String])
    }

    enum Purpose: Sendable, Hashable {
        case health
        /// Asked until it succeeds once; only deployments wait for it.
        case readiness(name: String)
    }

    let purpose: Purpose
    let kind: Kind
    /// A fixed port; otherwise the task's port at `portIndex` is probed.
    let port: Int?
    let portIndex: Int
    /// The HTTP statuses that count as success.
    let acceptedStatuses: Set<Int>
    let gracePeriod: Double
    let interval: Double
    let timeout: Double
    /// After so many failures in a row the task is killed; zero means never.
    let maxConsecutiveFailures: Int
    /// How long Mesos waits before the first one.
    let delay: Double
    /// Whether Marathon leaves it to Mesos' executor.
    let runsOnAgent: Bool

    /// Marathon takes a redirect for a sign of life.
    private static let aliveStatuses = Set(200..<400)

    /// A health check of an app.
    init(_ json: JSON, portCount: Int) {
        let kind: Kind =
            switch json["protocol"]?.string ?? "HTTP" {
            case "TCP", "MESOS_TCP": .tcp
            case "COMMAND": .command(["/bin/sh", "-c", json["command"]?["value"]?.string ?? "false"])
            case "HTTPS", "MESOS_HTTPS": .http(path: json["path"]?.string ?? "/", secure: true)
            default: .http(path: json["path"]?.string ?? "/", secure: false)
            }
        self.init(json, .health, kind, port: json["port"]?.int, portIndex: json["portIndex"]?.int ?? 0)
    }

    /// A readiness check of an app; its port is named.
    init(readiness json: JSON, ports: [PortRequest]) {
        let name = json["portName"]?.string ?? "http-api"
        let kind = Kind.http(path: json["path"]?.string ?? "/", secure: json["protocol"]?.string == "HTTPS")
        let statuses = (json["httpStatusCodesForReady"]?.array ?? [200]).compactMap(\.int)
        self.init(
            json, .readiness(name: json["name"]?.string ?? "readinessCheck"), kind,
            portIndex: ports.firstIndex { $0.name == name } ?? 0, acceptedStatuses: Set(statuses), interval: 30)
    }

    /// The health check of a pod's container; `ports` are those of the container's endpoints.
    init(pod json: JSON, ports: [PortRequest]) {
        let kind: Kind
        if let command = json["exec"]?["command"] {
            let arguments = (command["argv"]?.array ?? []).compactMap(\.string)
            kind = .command(
                command["shell"]?.string.map { ["/bin/sh", "-c", $0] } ?? ["/usr/bin/env", "--"] + arguments)
        } else if let http = json["http"] {
            kind = .http(path: http["path"]?.string ?? "/", secure: http["scheme"]?.string == "HTTPS")
        } else {
            kind = .tcp
        }
        let endpoint = json["http"]?["endpoint"]?.string ?? json["tcp"]?["endpoint"]?.string
        self.init(json, .health, kind, portIndex: ports.firstIndex { $0.name == endpoint } ?? 0)
    }

    private init(
        _ json: JSON, _ purpose: Purpose, _ kind: Kind, port: Int? = nil, portIndex: Int,
        acceptedStatuses: Set<Int> = HealthCheck.aliveStatuses, interval: Double = 60
    ) {
        self.purpose = purpose
        self.kind = kind
        self.port = port
        self.portIndex = portIndex
        self.acceptedStatuses = acceptedStatuses
        let name = json["protocol"]?.string ?? "HTTP"
        runsOnAgent = purpose == .health && (name == "COMMAND" || name.hasPrefix("MESOS_"))
        delay = json["delaySeconds"]?.double ?? 15
        gracePeriod = json["gracePeriodSeconds"]?.double ?? 300
        self.interval = max(json["intervalSeconds"]?.double ?? interval, 0.1)
        timeout = max(json["timeoutSeconds"]?.double ?? 20, 0.1)
        maxConsecutiveFailures = json["maxConsecutiveFailures"]?.int ?? 3
    }
}

/// What the probes of one check of one task have shown so far.
struct Health: Sendable, Hashable {
    let purpose: HealthCheck.Purpose
    var alive = false
    var consecutiveFailures = 0
    var firstSuccess: Timestamp?
    var lastSuccess: Timestamp?
    var lastFailure: Timestamp?
    var lastFailureCause: String?

    init(of check: HealthCheck) {
        purpose = check.purpose
    }

    /// Whether any probe has counted yet.
    var isKnown: Bool { firstSuccess != nil || lastFailure != nil }
}
