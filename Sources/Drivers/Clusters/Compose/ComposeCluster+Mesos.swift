import JSON
import Migration

extension ComposeCluster: MesosTenant {
    var taskNaming: TaskClaim.Naming { .compose }

    /// Its API does not report the id that it is registered with.
    func observeFramework() async throws(Failure) -> PlatformGate.Framework {
        PlatformGate.Framework(name: "mesos-compose", registeredAs: framework)
    }

    func taskOwner(of service: ServiceID) -> String? {
        guard let slash = service.text.firstIndex(of: "/"), slash > service.text.startIndex,
            !service.text.hasPrefix(ServiceSource.chronosMark)
        else { return nil }
        return files.first { $0.id == service }?.taskName(prefix: prefix)
            ?? "\(prefix):\(service.text[..<slash]):\(service.text[service.text.index(after: slash)...])"
    }

    /// The defaults are those of mesos-compose's `DEFAULT_CPU`, `DEFAULT_MEMORY` and `DEFAULT_DISK`.
    func request(for service: Service) throws(Failure) -> ResourceRequest {
        let definition = try ComposeService(service.definitionJSON())
        let limits = definition.service["deploy"]?["resources"]?["limits"] ?? [:]
        return ResourceRequest(
            service: service.id.text, instances: service.instances, cpus: limits["cpus"]?.double ?? 0.1,
            mem: limits["memory"]?.double ?? 50, disk: 1000, gpus: definition.gpus,
            ports: definition.network.mode == "host" ? [] : definition.ports.map { _ in 0 },
            constraints: ComposeCluster.constraints(definition))
    }

    private static func constraints(_ definition: ComposeService) -> [PlacementConstraint] {
        let attributes = definition.attributes.compactMap { text in
            let halves = text.split(separator: ":", maxSplits: 1).map { $0.trimming(" ") }
            return halves.count == 2 ? PlacementConstraint(halves[0], .is, halves[1]) : nil
        }
        let rules = definition.constraints.compactMap { rule in
            if rule.lowercased() == "unique" { return PlacementConstraint("hostname", .unique) }
            let host = rule.split(separator: "==").map { $0.trimming(" ") }
            return host.count == 2 && host[0] == "node.hostname" ? PlacementConstraint("hostname", .is, host[1]) : nil
        }
        return attributes + rules
    }
}

extension Substring {
    fileprivate func trimming(_ character: Character) -> String {
        var text = drop { $0 == character }
        while text.last == character { text = text.dropLast() }
        return String(text)
    }
}
