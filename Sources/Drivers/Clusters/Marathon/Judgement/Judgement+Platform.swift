import JSON
import Migration

extension Judgement {
    /// What Marathon 1.5 and later refuse, whatever an operator says.
    func refusals(_ parts: DefinitionParts) -> [Finding] {
        // The networks that there are stand in `networks`.
        guard let part = parts.part("container.docker.network") else { return [] }
        let name = part.json.string ?? part.json.compact
        return [
            Finding(
                .refused, at: part.path,
                "\(name): Marathon has no such network since 1.5; set another, or remove it for the host's", .blocking)
        ]
    }

    func network(_ parts: DefinitionParts) -> [Finding] {
        parts.networks.compactMap { part in
            let mode = part.json["mode"]?.string?.lowercased() ?? "container"
            guard mode == "container" else { return nil }
            guard let name = part.json["name"]?.string else {
                return Finding(
                    .network, at: part.path, "a container network without a name: the new Marathon needs a default one",
                    .blocking)
            }
            return Finding(.network, at: part.path, "\(name): it must exist on the new agents", .blocking)
        }
    }

    /// The names of secrets are no secrets.
    func secrets(_ parts: DefinitionParts) -> [Finding] {
        var findings: [Finding] = []
        let defined = parts.part("secrets")?.json.object ?? JSONObject()
        if !defined.isEmpty {
            let sources = defined.map { $0.value["source"]?.string ?? $0.key }.sorted().joined(separator: ", ")
            findings.append(
                Finding(
                    .secret, at: "secrets",
                    "\(sources): the new cluster needs the secrets feature and the same in its store", .blocking))
        }
        for variable in parts.variables {
            guard let name = variable.json["secret"]?.string, defined[name] == nil else { continue }
            findings.append(Finding(.secret, at: variable.path, "\(name): a secret that is defined nowhere", .blocking))
        }
        for pull in parts.pullConfigs where pull.json["secret"]?.string.map({ defined[$0] == nil }) ?? false {
            findings.append(
                Finding(
                    .secret, at: pull.path, "the password of a registry, from the old cluster's store", .blocking))
        }
        return findings
    }

    func files(_ parts: DefinitionParts) -> [Finding] {
        parts.files.compactMap { part in
            guard let uri = part.json["uri"]?.string, uri.hasPrefix("file:") || uri.hasPrefix("/") else { return nil }
            return Finding(.localFile, at: "\(part.path).uri", "\(uri): it must be on every new agent", .blocking)
        }
    }

    /// A fixed port is wanted: it is what load balancers list. Only servers of both colors at once could not give it
    /// twice.
    func ports(_ ports: [DefinitionParts.Part]) -> [Finding] {
        guard let first = ports.first else { return [] }
        let numbers = ports.compactMap(\.json.int).map(String.init).joined(separator: ", ")
        let text = "\(ports.count == 1 ? "port" : "ports") \(numbers)"
        let old = Set(placement.old.hosts.map(\.address))
        let shared = (placement.new?.hosts ?? []).filter { old.contains($0.address) }
        return [
            shared.isEmpty
                ? Finding(.fixedPort, at: first.path, "\(text); each color has agents of its own", .harmless)
                : Finding(
                    .fixedPort, at: first.path, "\(text) of its agent: both colors run on \(shared[0].name)", .blocking)
        ]
    }

    /// A framework that runs twice under one name loses its tasks: Mesos knows the second as the first, come back.
    func framework(_ parts: DefinitionParts) -> [Finding] {
        let labels = parts.definition.labels
        for name in ["DCOS_PACKAGE_IS_FRAMEWORK", "MARATHON_SINGLE_INSTANCE_APP"]
        where labels[name]?.string?.lowercased() == "true" {
            return [framework("it must not run twice", at: "labels.\(name)")]
        }
        if labels["DCOS_PACKAGE_FRAMEWORK_NAME"]?.string?.isEmpty == false {
            return [framework("it is a framework", at: "labels.DCOS_PACKAGE_FRAMEWORK_NAME")]
        }
        let names = parts.variables.compactMap { $0.path.split(separator: ".").last.map(String.init) }
        return framework(
            images: parts.images, at: parts.isPod ? "containers" : "container.docker.image",
            variables: names, at: parts.isPod ? "environment" : "env")
    }

    /// By an image that is known, or by the variables that frameworks are started with.
    func framework(
        images: [String], at imagePath: String, variables: [String], at variablesPath: String
    ) -> [Finding] {
        if let image = images.first(where: { Judgement.frameworks.contains(Judgement.baseName($0)) }) {
            return [framework("\(image) is a framework", at: imagePath)]
        }
        if variables.contains("MESOS_MASTER"), variables.contains(where: { $0.hasPrefix("FRAMEWORK_") }) {
            return [framework("its variables are those of a framework", at: variablesPath)]
        }
        return []
    }

    private func framework(_ reason: String, at path: String) -> Finding {
        Finding(.framework, at: path, "\(reason), and two with one name fight for their tasks", .blocking)
    }

    private static let frameworks: Set<String> = [
        "chronos", "marathon", "mesos-compose", "mesos-m3s", "metronome", "singularity",
    ]

    /// `registry:5000/avhost/mesos-compose:v1.2` → `mesos-compose`.
    private static func baseName(_ image: String) -> String {
        let name = image.split(separator: "/").last ?? ""
        return String(name.prefix { $0 != ":" && $0 != "@" }).lowercased()
    }
}
