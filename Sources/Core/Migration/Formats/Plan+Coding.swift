/// A plan on the wire, with the version of its form.
extension Plan: Codable {
    private enum Key: String, CodingKey {
        case formatVersion = "formatVersion"
        case id = "id"
        case operation = "operation"
        case environment = "environment"
        case direction = "direction"
        case createdAt = "createdAt"
        case source = "source"
        case world = "world"
        case phases = "phases"
        case steps = "steps"
        case onHalt = "onHalt"
        case compensations = "compensations"
        case provisioning = "provisioning"
        case destruction = "destruction"
        case services = "services"
        case capacity = "capacity"
        case ignored = "ignored"
        case drifts = "drifts"
        case lifted = "lifted"
        case unreachable = "unreachable"
        case warnings = "warnings"
        case obstacles = "obstacles"
    }

    public func encode(to encoder: any Encoder) throws {
        var plan = encoder.container(keyedBy: Key.self)
        try plan.encode(FormatVersion.plan, forKey: .formatVersion)
        try plan.encode(id, forKey: .id)
        try plan.encode(operation, forKey: .operation)
        try plan.encode(environment, forKey: .environment)
        try plan.encode(direction, forKey: .direction)
        try plan.encode(createdAt, forKey: .createdAt)
        try plan.encode(source, forKey: .source)
        try plan.encode(world, forKey: .world)
        try plan.encode(phases, forKey: .phases)
        try plan.encode(steps, forKey: .steps)
        try plan.encodeIfPresent(onHalt.isEmpty ? nil : onHalt, forKey: .onHalt)
        try plan.encode(compensations, forKey: .compensations)
        try plan.encode(provisioning, forKey: .provisioning)
        try plan.encodeIfPresent(destruction, forKey: .destruction)
        try plan.encode(services, forKey: .services)
        try plan.encodeIfPresent(capacity, forKey: .capacity)
        try plan.encode(ignored, forKey: .ignored)
        try plan.encodeIfPresent(drifts.isEmpty ? nil : drifts, forKey: .drifts)
        try plan.encodeIfPresent(lifted.isEmpty ? nil : lifted, forKey: .lifted)
        try plan.encodeIfPresent(unreachable, forKey: .unreachable)
        try plan.encode(warnings, forKey: .warnings)
        try plan.encode(obstacles, forKey: .obstacles)
    }

    /// Reads a plan of this format or an older one.
    ///
    /// - Throws: `NewerFormat` for a plan that only a newer rz can read, `DecodingError` for what is not a plan.
    public init(from decoder: any Decoder) throws {
        let plan = try decoder.container(keyedBy: Key.self)
        let version = try plan.decodeIfPresent(Int.self, forKey: .formatVersion) ?? 1
        guard version <= FormatVersion.plan else {
            throw NewerFormat("plan", found: version, known: FormatVersion.plan)
        }
        let saysAll = version >= FormatVersion.planWithPhases
        let direction = try plan.decode(Direction.self, forKey: .direction)
        let steps = try plan.decode([Step].self, forKey: .steps)
        self.init(
            id: try plan.decode(String.self, forKey: .id),
            operation: saysAll ? try plan.decode(String.self, forKey: .operation) : OlderPlan.operation,
            environment: try plan.decode(Environment.self, forKey: .environment),
            direction: direction,
            createdAt: try plan.decode(Instant.self, forKey: .createdAt),
            source: try plan.decode(PinnedSource.self, forKey: .source),
            world: try plan.decode(World.self, forKey: .world),
            phases: saysAll ? try plan.decode([Phase].self, forKey: .phases) : .ofOlderPlans,
            steps: saysAll ? steps : steps.map { OlderPlan.completed($0, direction) },
            onHalt: try plan.decodeIfPresent([Step].self, forKey: .onHalt) ?? [],
            compensations: saysAll
                ? try plan.decode([Compensation].self, forKey: .compensations) : .ofOlderPlans,
            provisioning: try plan.decode(ProvisioningChanges.self, forKey: .provisioning),
            destruction: try plan.decodeIfPresent([String].self, forKey: .destruction),
            services: try plan.decode([PlannedService].self, forKey: .services),
            capacity: try plan.decodeIfPresent(String.self, forKey: .capacity),
            ignored: try plan.decode([IgnoredService].self, forKey: .ignored),
            drifts: try plan.decodeIfPresent([Drift].self, forKey: .drifts) ?? [],
            lifted: try plan.decodeIfPresent([LiftedLimit].self, forKey: .lifted) ?? [],
            unreachable: try plan.decodeIfPresent(UnreachableColor.self, forKey: .unreachable),
            warnings: try plan.decode([String].self, forKey: .warnings),
            obstacles: try plan.decode([String].self, forKey: .obstacles))
    }
}
