import JSON

/// What runs in one task: an app's own container, or one of a pod.
struct ContainerSpec: Sendable, Hashable {
    /// The name within a pod; an app's container has none.
    let name: String?
    let resources: Resources
    let ports: [PortRequest]
    /// Health checks first, then readiness checks.
    let checks: [HealthCheck]
    /// Time between the polite and the forced end of a task; Mesos' own default is three seconds.
    let killGracePeriod: Double

    /// What a pod's executor takes when the pod does not say (`executorResources`).
    private static let executor = Resources(cpus: 0.1, mem: 32, disk: 10)

    init(app: JSON) {
        name = nil
        resources = Resources(app)
        let (ports, declared) = PortRequest.list(of: app)
        self.ports = ports
        checks =
            (app["healthChecks"]?.array ?? []).map { HealthCheck($0, portCount: declared) }
            + (app["readinessChecks"]?.array ?? []).map { HealthCheck(readiness: $0, ports: ports) }
        killGracePeriod = app["taskKillGracePeriodSeconds"]?.double ?? 3
    }

    /// The containers of a pod; the executor, which serves them all, counts with the first.
    static func list(ofPod pod: JSON) -> [ContainerSpec] {
        let overhead = pod["executorResources"].map { Resources($0, otherwise: executor) } ?? executor
        return (pod["containers"]?.array ?? []).enumerated().map { index, container in
            ContainerSpec(container, overhead: index == 0 ? overhead : Resources())
        }
    }

    private init(_ container: JSON, overhead: Resources) {
        name = container["name"]?.string
        resources = Resources(container["resources"] ?? [:]) + overhead
        let endpoints = container["endpoints"]?.array ?? []
        let ports = endpoints.filter { $0["hostPort"] != nil }.map { endpoint in
            PortRequest(hostPort: endpoint["hostPort"]?.int ?? 0, servicePort: 0, name: endpoint["name"]?.string)
        }
        self.ports = ports
        checks = container["healthCheck"].map { [HealthCheck(pod: $0, ports: ports)] } ?? []
        killGracePeriod = container["lifecycle"]?["killGracePeriodSeconds"]?.double ?? 3
    }
}
