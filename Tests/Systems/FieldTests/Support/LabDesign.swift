import Foundation

/// What a lab is like: its load balancers, and the environment that rz moves.
struct LabDesign: Sendable {
    /// Names of the services; `web` is the backend `be_web` on every load balancer and the path `/web`.
    var services = ["web"]
    /// How many servers of a color each backend has.
    var serversPerColor = 2
    var edges = ["edge-1", "edge-2"]

    // MARK: HAProxy

    var mode = "http"
    /// Options of every server.
    var check = "check inter 300ms fastinter 100ms rise 2 fall 2"
    var serverTimeout = "10s"
    /// Further lines of each section.
    var global: [String] = []
    var defaults: [String] = []
    var backend: [String] = []
    /// Further sections.
    var sections: [String] = []
    /// Changes a `server` line before it is written.
    var change: @Sendable (inout ServerLine) -> Void = { _ in }

    // MARK: rz's environment

    var steps = "{ share: 50%, bake: 2s }, { share: 100%, bake: 1s }"
    var analysis = "errorRate: { max: 1% }, whenIdle: ignore"
    var interval = "300ms"
    var drain = "quiet: 500ms, deadline: 20s, atDeadline: hold"
    var soak = "300ms"
    var approvals = "tearDown: { waived: lab }"
    var hasStateFile = true
    var hasEpochMap = true
    /// Whether rz may ask the master process of each load balancer.
    var hasMasterSocket = true
    /// Further keys of each load balancer, and of each traffic rule.
    var loadBalancer: [String] = []
    var rule: [String] = []
    /// Further lines of environment.yaml.
    var environment: [String] = []
    /// How often the app `/service` runs.
    var instances = 1

    /// A `server` line of a backend.
    struct ServerLine: Sendable {
        let edge: String
        let service: String
        let color: String
        let number: Int
        var name: String
        var address: String
        var options: String
        /// Whether the line is written at all.
        var isListed = true
    }
}

/// How much a suite asks of each scenario.
enum Effort {
    /// At least so many requests of users in each scenario: `make field` sets it.
    static let requests = variable("RZ_FIELD_REQUESTS") ?? 400
    /// Of the users' order and of the lab's instants; printed, so that a run can be repeated.
    static let seed: Int = {
        let seed = variable("RZ_FIELD_SEED") ?? Int.random(in: 1...999_999)
        print("RZ_FIELD_SEED=\(seed)")
        return seed
    }()
    /// A second.
    static let rate = variable("RZ_FIELD_RATE") ?? 200
    /// The program of the labs' load balancers.
    static let haproxy = ProcessInfo.processInfo.environment["RZ_FIELD_HAPROXY"] ?? "/usr/sbin/haproxy"
}

private func variable(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }
