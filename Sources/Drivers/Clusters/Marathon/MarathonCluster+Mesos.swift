import JSON
import Migration

extension MarathonCluster: MesosTenant {
    var taskNaming: TaskClaim.Naming { .marathon }

    func observeFramework() async throws(Failure) -> PlatformGate.Framework {
        PlatformGate.Framework(name: "Marathon", id: try await client.get("/v2/info")["frameworkId"]?.string)
    }

    func taskOwner(of service: ServiceID) -> String? { service.text.hasPrefix("/") ? service.text : nil }

    func request(for service: Service) throws(Failure) -> ResourceRequest {
        // With the defaults filled in, so that every amount is known.
        ResourceRequest(service, DefinitionParts(try MarathonDefinition(definition(of: service).normalForm)))
    }
}

extension ResourceRequest {
    fileprivate init(_ service: Service, _ parts: DefinitionParts) {
        let shares = parts.resources
        func sum(_ key: String) -> Double { shares.reduce(0) { $0 + ($1[key]?.double ?? 0) } }
        let accepted = (parts.acceptedRoles?.json.array ?? []).compactMap(\.string)
        self.init(
            service: service.id.text, instances: service.instances, cpus: sum("cpus"), mem: sum("mem"),
            disk: sum("disk") + parts.persistentDisk, gpus: sum("gpus"), ports: parts.hostPorts,
            roles: accepted.isEmpty ? Set(["*"] + [parts.definition.role].compactMap { $0 }) : Set(accepted),
            constraints: parts.constraints.compactMap { PlacementConstraint($0.words) })
    }
}

extension DefinitionParts {
    /// Each what an instance takes a part of: the app itself; of a pod its containers and their executor.
    fileprivate var resources: [JSON] {
        guard isPod else { return [.object(definition.json)] }
        return containers.compactMap { $0.json["resources"] } + [definition.json["executorResources"] ?? [:]]
    }

    /// MiB of the volumes that outlive a task.
    fileprivate var persistentDisk: Double {
        volumes.reduce(0) { $0 + ($1.json["persistent"]?["size"]?.double ?? 0) }
    }

    /// Ports of the host: 0 for any. A port of a network of its own takes none.
    fileprivate var hostPorts: [Int] {
        if isPod {
            return containers.flatMap { $0.json["endpoints"]?.array ?? [] }.compactMap { $0["hostPort"]?.int }
        }
        let isRequired = definition.json["requirePorts"]?.bool == true
        let own = (definition.json["portDefinitions"]?.array ?? []).map { isRequired ? $0["port"]?.int ?? 0 : 0 }
        let mappings = definition.json["container"]?["portMappings"]?.array ?? []
        return own + mappings.compactMap { $0["hostPort"]?.int }
    }
}

extension DefinitionParts.Part {
    /// A constraint of an app is a list of two or three words, one of a pod an object.
    fileprivate var words: [String] {
        if let words = json.array { return words.compactMap(\.string) }
        return ["fieldName", "operator", "value"].compactMap { json[$0]?.string }
    }
}
