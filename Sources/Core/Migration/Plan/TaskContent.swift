/// What a running task consists of, as those who run it report it, whatever its framework says: resources, image,
/// network, volumes, labels, health check. Without what each launch is given for itself: ids, hosts, addresses, ports.
public struct TaskContent: Sendable, Hashable {
    /// Values by path, for example `resources.cpus` → `0.1`, `container.docker.image` → `nginx:1.25`.
    public var fields: [String: String]

    public init(fields: [String: String]) { self.fields = fields }

    /// The paths at which this one, a copy, is not as `original` is. A label that only the copy has is none: rz marks
    /// copies by one.
    public func differences(from original: TaskContent) -> Set<String> {
        Set(fields.keys).union(original.fields.keys).filter { path in
            fields[path] != original.fields[path]
                && !(original.fields[path] == nil && path.hasPrefix("labels."))
        }
    }

    /// The parts of a content, each the beginning of paths, that a change of a service's definition may change.
    ///
    /// - Parameter path: of the definition, in its framework's words: `cpus`, `container.docker.image`, `env.HOST`.
    public static func parts(changedBy path: String) -> Set<String> {
        path.split(separator: ".").reduce(into: []) { $0.formUnion(parts[$1.lowercased(), default: []]) }
    }

    /// What the words of Marathon, Metronome, Chronos and mesos-compose say of tasks. Containers of pods hold all.
    private static let parts: [String: Set<String>] = [
        "cpus": ["resources"], "mem": ["resources"], "disk": ["resources"], "gpus": ["resources"],
        "resources": ["resources"], "executorresources": ["resources"], "deploy": ["resources", "container"],
        "containers": ["resources", "container", "labels", "health_check", "discovery"],
        "container": ["container", "discovery"], "image": ["container"], "docker": ["container"],
        "volumes": ["container", "resources"], "residency": ["container", "resources"],
        "networks": ["container", "discovery"], "ipaddress": ["container", "discovery"],
        "network_mode": ["container", "discovery"], "ports": ["container", "discovery", "resources"],
        "portdefinitions": ["discovery", "resources"], "labels": ["labels"],
        "healthchecks": ["health_check"], "healthcheck": ["health_check"], "privileged": ["container"],
        "secrets": ["container"],
    ]
}
