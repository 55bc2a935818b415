import JSON
import Migration
import Schedules

/// What an app or a pod says of its containers.
///
/// Source: Marathon 1.11, the RAML types `app`, `dockerContainer`, `pod`, `podContainer`, `linuxInfo`.
extension MarathonDefinition {
    var containerFacts: [ContainerFacts] { kind == .app ? [ofApp] : ofPod }

    private var ofApp: ContainerFacts {
        let container = json["container"]
        let docker = container?["docker"]
        var facts = ContainerFacts(at: docker == nil ? "" : "container.docker", image: docker?["image"]?.string)
        facts.isPrivileged = docker?["privileged"]?.bool ?? false
        facts.user = json["user"]?.string
        // An app without networks has that of the host; so has any command that runs without an image.
        let modes = networkModes
        facts.sharesHostNetwork = facts.image != nil && (modes.isEmpty || modes.contains("host"))
        facts.sharesHostProcesses = container?["linuxInfo"]?.sharesProcesses ?? false
        facts.capabilities = container?["linuxInfo"]?.addedCapabilities ?? []
        facts.mounts = JSON.mounts(container?["volumes"], at: "container.volumes")
        facts.variables = JSON.variables(json["env"], at: "env")
        facts.hasMemoryLimit = json["resourceLimits"]?["mem"]?.string != "unlimited"
        facts.isHealthChecked = hasHealthChecks
        facts.imageCreated = JSON.imageCreated(json["labels"])
        return facts.applying(
            dockerParameters: JSON.parameters(docker?["parameters"]), at: "container.docker.parameters")
    }

    /// In lower case; none for the network of the host. A Marathon before 1.5 has them in two other places.
    private var networkModes: [String] {
        let modes = (json["networks"]?.array ?? []).compactMap { $0["mode"]?.string?.lowercased() }
        if !modes.isEmpty { return modes }
        if let mode = json["container"]?["docker"]?["network"]?.string { return [mode.lowercased()] }
        return json["ipAddress"]?.object == nil ? [] : ["container"]
    }

    private var ofPod: [ContainerFacts] {
        let modes = networkModes
        let hostFolders = Dictionary(
            (json["volumes"]?.array ?? []).enumerated().compactMap { index, volume -> (String, (String, String))? in
                guard let name = volume["name"]?.string, let path = volume["host"]?.string else { return nil }
                return (name, (path, "volumes.\(index)"))
            }, uniquingKeysWith: { first, _ in first })
        return (json["containers"]?.array ?? []).enumerated().map { index, container in
            let place = "containers.\(index)"
            var facts = ContainerFacts(at: place, image: container["image"]?["id"]?.string)
            facts.user = container["user"]?.string ?? json["user"]?.string
            facts.sharesHostNetwork = facts.image != nil && (modes.isEmpty || modes.contains("host"))
            let linux = [json["linuxInfo"], container["linuxInfo"]].compactMap(\.self)
            facts.sharesHostProcesses = linux.contains(where: \.sharesProcesses)
            facts.capabilities = linux.flatMap(\.addedCapabilities)
            facts.mounts = (container["volumeMounts"]?.array ?? []).compactMap { mount in
                mount["name"]?.string.flatMap { hostFolders[$0] }.map { path, place in
                    .init(path, isReadOnly: mount["readOnly"]?.bool ?? false, at: place)
                }
            }
            facts.variables =
                JSON.variables(json["environment"], at: "environment")
                + JSON.variables(container["environment"], at: "\(place).environment")
            facts.hasMemoryLimit = container["resourceLimits"]?["mem"]?.string != "unlimited"
            facts.isHealthChecked = container["healthCheck"]?.object != nil
            facts.imageCreated = JSON.imageCreated(container["labels"]) ?? JSON.imageCreated(json["labels"])
            return facts
        }
    }
}

extension MarathonCluster {
    public func containers(of service: Service) throws(Failure) -> [ContainerFacts] {
        try definition(of: service).containerFacts
    }
}

extension JSON {
    /// Of `linuxInfo`: whether it has the processes of its agent before it.
    fileprivate var sharesProcesses: Bool { self["sharePidNamespace"]?.bool ?? false }

    fileprivate var addedCapabilities: [String] {
        (self["effectiveCapabilities"]?["capabilities"]?.array ?? []).compactMap(\.string)
            .map(ContainerFacts.capability)
    }

    /// Variables of an app, a pod or a job: a text, or a reference to a secret.
    static func variables(_ object: JSON?, at place: String) -> [ContainerFacts.Variable] {
        (object?.object ?? JSONObject()).map { name, value in
            .init(
                name, isOpen: value.string.map { !$0.isEmpty && !$0.contains("vault://") } ?? false,
                at: "\(place).\(name)")
        }
    }

    /// Folders of the host among the volumes of an app or a job.
    static func mounts(_ volumes: JSON?, at place: String) -> [ContainerFacts.Mount] {
        (volumes?.array ?? []).enumerated().compactMap { index, volume in
            volume["hostPath"]?.string.map {
                .init($0, isReadOnly: volume["mode"]?.string == "RO", at: "\(place).\(index)")
            }
        }
    }

    /// Parameters of a Docker container: `[{ "key": "cap-add", "value": "SYSLOG" }]`.
    static func parameters(_ list: JSON?) -> [(key: String, value: String)] {
        (list?.array ?? []).compactMap { parameter in
            guard let key = parameter["key"]?.string else { return nil }
            return (key, parameter["value"]?.string ?? "")
        }
    }

    static func imageCreated(_ labels: JSON?) -> Instant? {
        labels?[ContainerFacts.createdLabel]?.string.flatMap { Instant(iso8601: $0) }
    }
}
