import JSON
import Migration

extension ComposeCluster: MesosTenant {
    var taskNaming: TaskClaim.Naming { .compose }

    /// Its API does not tell the id that it is registered with; tasks are called after the framework's name.
    func observeFramework() async throws(Failure) -> PlatformGate.Framework {
        PlatformGate.Framework(name: "mesos-compose", registeredAs: prefix)
    }

    func taskOwner(of service: ServiceID) -> String? {
        let parts = service.text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !service.text.hasPrefix(ServiceSource.chronosMark) else {
            return nil
        }
        return files.first { $0.id == service }?.taskName ?? "\(prefix):\(parts[0]):\(parts[1])"
    }

    /// The defaults are those of mesos-compose's `DEFAULT_CPU`, `DEFAULT_MEMORY` and `DEFAULT_DISK`.
    func request(for service: Service) throws(Failure) -> ResourceRequest {
        let definition = try ComposeService(service.definitionJSON()).service
        let deploy = definition["deploy"] ?? [:]
        let limits = deploy["resources"]?["limits"] ?? [:]
        return ResourceRequest(
            service: service.id.text, instances: service.instances, cpus: limits["cpus"]?.amount ?? 0.1,
            mem: limits["memory"]?.amount ?? 50, disk: 1000,
            ports: (definition["ports"]?.array ?? []).map { _ in 0 },
            constraints: ComposeCluster.constraints(deploy["placement"] ?? [:]))
    }

    private static func constraints(_ placement: JSON) -> [PlacementConstraint] {
        let attributes = (placement["attributes"]?.array ?? []).compactMap(\.string).compactMap { text in
            let halves = text.split(separator: ":", maxSplits: 1).map { $0.trimming(" ") }
            return halves.count == 2 ? PlacementConstraint(halves[0], .is, halves[1]) : nil
        }
        let rules = (placement["constraints"]?.array ?? []).compactMap(\.string).compactMap { rule in
            if rule.lowercased() == "unique" { return PlacementConstraint("hostname", .unique) }
            let host = rule.split(separator: "==").map { $0.trimming(" ") }
            return host.count == 2 && host[0] == "node.hostname" ? PlacementConstraint("hostname", .is, host[1]) : nil
        }
        return attributes + rules
    }
}

extension JSON {
    /// Numbers of a compose file may be written as texts.
    fileprivate var amount: Double? { double ?? string.flatMap { Double($0) } }
}

extension Substring {
    fileprivate func trimming(_ character: Character) -> String {
        var text = drop { $0 == character }
        while text.last == character { text = text.dropLast() }
        return String(text)
    }
}
