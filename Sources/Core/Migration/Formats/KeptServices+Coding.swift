/// Kept services in their file, with the version of its form.
extension KeptServices: Codable {
    private enum Key: String, CodingKey {
        case formatVersion = "formatVersion"
        case color = "color"
        case time = "time"
        case services = "services"
        case suspended = "suspended"
        case areFromFiles = "areFromFiles"
    }

    /// - Throws: `NewerFormat` for what only a newer rz can read, `DecodingError` for what is no such file.
    public init(from decoder: any Decoder) throws {
        let kept = try decoder.container(keyedBy: Key.self)
        let version = try kept.decode(Int.self, forKey: .formatVersion)
        guard version <= FormatVersion.keptServices else {
            throw NewerFormat("file of services", found: version, known: FormatVersion.keptServices)
        }
        self.init(
            color: try kept.decode(Color.self, forKey: .color), time: try kept.decode(Instant.self, forKey: .time),
            services: try kept.decode([KeptService].self, forKey: .services).map(\.service),
            suspended: try kept.decode([ServiceID].self, forKey: .suspended),
            areFromFiles: try kept.decode(Bool.self, forKey: .areFromFiles))
    }

    public func encode(to encoder: any Encoder) throws {
        var kept = encoder.container(keyedBy: Key.self)
        try kept.encode(FormatVersion.keptServices, forKey: .formatVersion)
        try kept.encode(color, forKey: .color)
        try kept.encode(time, forKey: .time)
        try kept.encode(services.map(KeptService.init), forKey: .services)
        try kept.encode(suspended, forKey: .suspended)
        try kept.encode(areFromFiles, forKey: .areFromFiles)
    }
}

/// What of a service its color reported: no override, no finding.
private struct KeptService: Codable {
    let service: Service

    private enum Key: String, CodingKey {
        case id = "id"
        case definition = "definition"
        case instances = "instances"
        case mode = "mode"
        case modeReason = "modeReason"
        case dependencies = "dependencies"
        case fingerprint = "fingerprint"
        case hasHealthChecks = "hasHealthChecks"
        case kind = "kind"
        case isDeploying = "isDeploying"
        case groups = "groups"
        case revision = "revision"
    }

    private enum GroupKey: String, CodingKey {
        case id = "id"
        case definition = "definition"
    }

    init(_ service: Service) { self.service = service }

    init(from decoder: any Decoder) throws {
        let kept = try decoder.container(keyedBy: Key.self)
        var groups: [ServiceGroup] = []
        var list = try kept.nestedUnkeyedContainer(forKey: .groups)
        while !list.isAtEnd {
            let group = try list.nestedContainer(keyedBy: GroupKey.self)
            groups.append(
                ServiceGroup(
                    id: try group.decode(ServiceID.self, forKey: .id),
                    definition: try group.decode(String.self, forKey: .definition)))
        }
        service = Service(
            id: try kept.decode(ServiceID.self, forKey: .id),
            definition: try kept.decode(ServiceDefinition.self, forKey: .definition),
            instances: try kept.decode(Int.self, forKey: .instances),
            mode: try kept.decode(ServiceMode.self, forKey: .mode),
            dependencies: try kept.decode([ServiceID].self, forKey: .dependencies),
            fingerprint: try kept.decode(String.self, forKey: .fingerprint),
            hasHealthChecks: try kept.decode(Bool.self, forKey: .hasHealthChecks),
            kind: try kept.decode(String.self, forKey: .kind),
            isDeploying: try kept.decode(Bool.self, forKey: .isDeploying), groups: groups,
            modeReason: try kept.decodeIfPresent(String.self, forKey: .modeReason),
            revision: try kept.decodeIfPresent(String.self, forKey: .revision))
    }

    func encode(to encoder: any Encoder) throws {
        var kept = encoder.container(keyedBy: Key.self)
        try kept.encode(service.id, forKey: .id)
        try kept.encode(service.definition, forKey: .definition)
        try kept.encode(service.instances, forKey: .instances)
        try kept.encode(service.mode, forKey: .mode)
        try kept.encodeIfPresent(service.modeReason, forKey: .modeReason)
        try kept.encode(service.dependencies, forKey: .dependencies)
        try kept.encode(service.fingerprint, forKey: .fingerprint)
        try kept.encode(service.hasHealthChecks, forKey: .hasHealthChecks)
        try kept.encode(service.kind, forKey: .kind)
        try kept.encode(service.isDeploying, forKey: .isDeploying)
        var list = kept.nestedUnkeyedContainer(forKey: .groups)
        for group in service.groups {
            var keys = list.nestedContainer(keyedBy: GroupKey.self)
            try keys.encode(group.id, forKey: .id)
            try keys.encode(group.definition, forKey: .definition)
        }
        try kept.encodeIfPresent(service.revision, forKey: .revision)
    }
}
