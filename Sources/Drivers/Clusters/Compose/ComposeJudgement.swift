import JSON
import Migration

/// What a service of mesos-compose holds that is bound to its environment, as `Judgement` finds it for Marathon's, and
/// what mesos-compose reads otherwise than it looks.
///
/// Source: mesos-compose dd95e1b, `api/compose.go`, `scheduler/handle_offers.go`.
struct ComposeJudgement {
    private let judgement: Judgement
    private let prefix: String

    init(_ judgement: Judgement, prefix: String) {
        self.judgement = judgement
        self.prefix = prefix
    }

    func findings(
        of before: ComposeService, becoming after: ComposeService, as service: Service
    ) -> [Finding] {
        drift(before) + judgement.answered(findings(in: before), becoming: findings(in: after), as: service)
            + unproven(before)
            + judgement.deployment(service) + judgement.mode(after.labels, service)
    }

    private func findings(in service: ComposeService) -> [Finding] {
        refusals(service) + agentDemands(service) + storage(service) + network(service) + secrets(service)
            + judgement.ports(fixedPorts(service))
            + judgement.framework(
                images: [image(service)], at: "image", variables: service.variables.keys, at: "environment")
            + judgement.addresses(.object(service.service), except: ComposeJudgement.elsewhere)
            + masters(service) + images(service) + misreadings(service)
    }

    /// A definition that is not what runs would be no copy. What rz itself launched from another definition runs as
    /// that one said: the file as it is now is what moves.
    private func drift(_ service: ComposeService) -> [Finding] {
        let isFromElsewhere = service.launchedAs.map { $0 != service.fingerprint } ?? false
        return service.drift.sorted { $0.key < $1.key }.map { path, text in
            if path.isEmpty { return Finding(.refused, at: "definition", text, .blocking) }
            return isFromElsewhere
                ? Finding(.drift, at: path, "\(text); rz launched it so, from another definition", .harmless)
                : Finding(.drift, at: path, text, .blocking)
        }
    }

    // MARK: - Refused

    private func refusals(_ service: ComposeService) -> [Finding] {
        var findings: [Finding] = []
        if ComposeCluster.meansOthers(service.id) {
            findings.append(
                Finding(
                    .refused, at: "name",
                    "\(service.name): mesos-compose finds tasks by a pattern, and this name means those of others too",
                    .blocking))
        }
        if service.hasNetworkByChance {
            findings.append(
                Finding(
                    .refused, at: "networks",
                    "several: mesos-compose takes one of them by chance; leave one, by an override", .blocking))
        }
        return findings
    }

    // MARK: - Bound to the environment

    /// Places that hold no address, or are judged by themselves.
    private static let elsewhere: Set<String> = ["depends_on", "networks", "network", "deploy", "volumes"]

    private func agentDemands(_ service: ComposeService) -> [Finding] {
        func words(_ index: Int, _ kind: String, _ words: [JSON]) -> Finding? {
            judgement.constraint(
                DefinitionParts.Part(path: "deploy.placement.\(kind).\(index)", json: .array(words)))
        }
        let attributes = service.attributes.enumerated().compactMap { index, text -> Finding? in
            let halves = text.split(separator: ":", maxSplits: 1).map { String($0).filter { $0 != " " } }
            return halves.count == 2
                ? words(index, "attributes", [.string(halves[0]), "IS", .string(halves[1])]) : nil
        }
        let constraints = service.constraints.enumerated().compactMap { index, text -> Finding? in
            let halves = text.split(separator: "==").map(String.init)
            guard halves.count == 2 else { return nil }
            return switch halves[0] {
            case "node.hostname": words(index, "constraints", ["hostname", "IS", .string(halves[1])])
            case "node.platform.os": words(index, "constraints", ["os", "IS", .string(halves[1])])
            case "node.platform.arch": words(index, "constraints", ["arch", "IS", .string(halves[1])])
            default: nil
            }
        }
        return attributes + constraints
    }

    private func storage(_ service: ComposeService) -> [Finding] {
        service.volumes.enumerated().map { index, volume in
            let path = "volumes.\(index)"
            if volume.driver == "local" {
                if volume.name.hasPrefix("/") { return judgement.hostPath(volume.name, at: path) }
                return Finding(
                    .hostPath, at: path,
                    "volume \(volume.name) (local): its data is on the old agents, and the copy starts empty",
                    .blocking)
            }
            let text = "volume \(volume.name) (\(volume.driver))"
            return ComposeJudgement.shared.contains(volume.driver)
                ? Finding(
                    .singleAttachVolume, at: path, "\(text): agents of both colors can attach it", .harmless)
                : Finding(
                    .singleAttachVolume, at: path,
                    "\(text): only one agent may be able to attach it, so that both colors can't run at once",
                    .blocking)
        }
    }

    /// Drivers of file systems and object stores that several hosts mount at once.
    private static let shared: Set<String> = ["cephfs", "cifs", "efs", "glusterfs", "nfs", "s3", "sshfs"]

    private func network(_ service: ComposeService) -> [Finding] {
        let network = service.network
        guard !["host", "none"].contains(network.mode), !network.name.isEmpty, network.name != "default" else {
            return []
        }
        return [
            Finding(.network, at: "networks", "\(network.name): it must exist on the new agents", .blocking)
        ]
    }

    private func secrets(_ service: ComposeService) -> [Finding] {
        let names = service.variables.filter { $0.value.string?.contains("vault://") == true }.map(\.key).sorted()
        guard !names.isEmpty else { return [] }
        return [
            Finding(
                .secret, at: "environment",
                "\(names.joined(separator: ", ")): from Vault; where the new mesos-compose can't reach it, it launches "
                    + "them empty", .blocking)
        ]
    }

    /// On the network of the host a service has the ports that it was made for.
    private func fixedPorts(_ service: ComposeService) -> [DefinitionParts.Part] {
        guard service.network.mode == "host" else { return [] }
        return service.ports.enumerated().filter { $0.element.port != 0 }.map { index, port in
            DefinitionParts.Part(path: "ports.\(index)", json: .number(JSONNumber(port.port)))
        }
    }

    /// A master's address that no inventory holds stays behind as well.
    private func masters(_ service: ComposeService) -> [Finding] {
        service.variables.compactMap { name, value in
            guard let text = value.string, let match = text.firstMatch(of: /\b[0-9]{1,3}(\.[0-9]{1,3}){3}:5050\b/),
                !known(String(match.output.0.dropLast(5)))
            else { return nil }
            return Finding(
                .oldAddress, at: "environment.\(name)",
                "\(match.output.0): a fixed address, by its port that of a Mesos master", .blocking)
        }
    }

    private func known(_ address: String) -> Bool {
        let hosts = judgement.placement.old.hosts + (judgement.placement.new?.hosts ?? [])
        return hosts.contains { $0.address == address }
    }

    // MARK: - What is not as it looks

    private func image(_ service: ComposeService) -> String { service.service["image"]?.string ?? "" }

    private func images(_ service: ComposeService) -> [Finding] {
        let image = image(service)
        guard !image.isEmpty, ImageName(image).isMoving else { return [] }
        return [
            Finding(
                .image, at: "image", "\(image): the same text, perhaps another image on the new agents", .harmless)
        ]
    }

    private func misreadings(_ service: ComposeService) -> [Finding] {
        ComposeMisreadings(service, prefix: prefix).list.map { path, text in
            Finding(.misread, at: path, text, .harmless)
        }
    }

    /// Of a rewritten service the old side's variables are not known any more: this is said of the side that runs.
    private func unproven(_ service: ComposeService) -> [Finding] {
        let names = SealedVariables.unproven(service.variables, service.reportedVariables)
        guard !names.isEmpty else { return [] }
        return [
            Finding(
                .unproven, at: "environment",
                "\(names.joined(separator: ", ")): mesos-compose reports no variables, so these are compared by the "
                    + "definition that was sent", .harmless)
        ]
    }
}

/// What mesos-compose takes and reads as something else than it looks like: it runs so on both sides.
struct ComposeMisreadings {
    private(set) var list: [(path: String, text: String)] = []

    init(_ definition: ComposeService, prefix: String) {
        let service = JSON.object(definition.service)
        func text(_ key: String) -> String? { service[key]?.string.flatMap { $0.isEmpty ? nil : $0 } }
        if let policy = text("restart"), !["no", "on-failure", "unless-stopped", "always"].contains(policy) {
            add("restart", "“\(policy)” counts as always")
        }
        if let type = text("container_type"), !["docker", "mesos"].contains(type.lowercased()) {
            add("container_type", "“\(type)” counts as docker")
        }
        if let replicas = service["deploy"]?["replicas"],
            Int(replicas.string ?? replicas.compact).map({ $0 < 0 }) ?? true
        {
            add("deploy.replicas", "“\(replicas.string ?? replicas.compact)” counts as no instance")
        }
        for (index, text) in (service["ports"]?.array ?? []).compactMap(\.string).enumerated() {
            let port = definition.ports[index]
            if port.port == 0 { add("ports.\(index)", "“\(text)” counts as port 0") }
            if let scheme = text.split(separator: "/").dropFirst().last, scheme.lowercased() != port.scheme {
                add("ports.\(index)", "“\(scheme)” counts as \(port.scheme)")
            }
        }
        for (index, text) in (service["volumes"]?.array ?? []).compactMap(\.string).enumerated()
        where !text.contains(":") {
            add("volumes.\(index)", "“\(text)” has no path in the container, and is left out")
        }
        if let check = service["healthcheck"]?.object {
            if definition.healthCheck == nil {
                add("healthcheck", "no command and no port of http or tcp: there is no health check")
            }
            for (key, name) in ComposeService.healthFields where check[name] != nil {
                add("healthcheck.\(name)", "is left out; it is read as \(key)")
            }
        }
        if let name = service["mesos"]?["task_name"]?.string, definition.ownName(prefix: prefix) == nil {
            add("mesos.task_name", "“\(name)” is not below \(prefix): and is left out")
        }
        if service["cap_drop"] != nil { add("cap_drop", "becomes the list of capabilities that it has") }
        for key in definition.service.keys where !ComposeDialect.knows(key) {
            add(key, "is not known to mesos-compose")
        }
    }

    private mutating func add(_ path: String, _ text: String) { list.append((path, text)) }
}
