/// A runbook resolved against an environment and the world as it was observed: everything that a run will do.
///
/// Holds no secret and no definition of a service; services are named by the digest of what they were.
public struct Plan: Sendable, Hashable {
    public var id: String
    /// The operation that it is a plan of, for example `rz-update`.
    public var operation: String
    public var environment: Environment
    public var direction: Direction
    public var createdAt: Instant
    public var source: PinnedSource
    /// What was observed; a plan is stale once this is no longer so.
    public var world: World
    /// The phases that have steps, in their order.
    public var phases: [Phase]
    public var steps: [Step]
    /// What is done when the run has halted, one after the other: none of it changes the run.
    public var onHalt: [Step]
    /// What the run takes back by itself, in this order.
    public var compensations: [Compensation]
    /// What building the new color's servers would change.
    public var provisioning: ProvisioningChanges
    /// What tearDown will destroy, as the provisioner names it; nil where no one asked.
    public var destruction: [String]?
    /// The services that move, in the order of their launch.
    public var services: [PlannedService]
    /// For people: what the services ask for, and what there is; nil where no agents are known.
    public var capacity: String?
    /// Services that stay because a rule says so.
    public var ignored: [IgnoredService]
    /// What a run of the plan takes back, where it is for that.
    public var drifts: [Drift]
    /// Limits of the environment that the run does without, once two people have said yes.
    public var lifted: [LiftedLimit]
    /// What is said of an old color that does not answer; nil where it does.
    public var unreachable: UnreachableColor?
    /// What an operator should know before saying yes.
    public var warnings: [String]
    /// What refuses the run until it is fixed.
    public var obstacles: [String]

    public init(
        id: String, operation: String = "rz-update", environment: Environment, direction: Direction, createdAt: Instant,
        source: PinnedSource,
        world: World, phases: [Phase] = .ofOlderPlans, steps: [Step],
        onHalt: [Step] = [], compensations: [Compensation] = .ofOlderPlans,
        provisioning: ProvisioningChanges = ProvisioningChanges(),
        destruction: [String]? = nil, services: [PlannedService] = [], capacity: String? = nil,
        ignored: [IgnoredService] = [], drifts: [Drift] = [], lifted: [LiftedLimit] = [],
        unreachable: UnreachableColor? = nil,
        warnings: [String] = [], obstacles: [String] = []
    ) {
        self.id = id
        self.operation = operation
        self.environment = environment
        self.direction = direction
        self.createdAt = createdAt
        self.source = source
        self.world = world
        self.phases = phases.filter { phase in steps.contains { $0.phase == phase.id } }
        self.steps = steps
        self.onHalt = onHalt
        self.compensations = compensations
        self.provisioning = provisioning
        self.destruction = destruction
        self.services = services
        self.capacity = capacity
        self.ignored = ignored
        self.drifts = drifts
        self.lifted = lifted
        self.unreachable = unreachable
        self.warnings = warnings
        self.obstacles = obstacles
    }

    /// An id as people read it; the whole one is a digest.
    public static func short(_ id: String) -> String { String(id.prefix(8)) }

    public func step(_ id: StepID) -> Step? { steps.first { $0.id == id } }
    public func service(_ id: ServiceID) -> PlannedService? { services.first { $0.id == id } }
    public func steps(in phase: PhaseID) -> [Step] { steps.filter { $0.phase == phase } }
    /// Expected length: phases follow each other, and a phase takes as long as its longest chain of steps.
    public var estimate: Period {
        phases.map { estimate(of: $0.id) }.reduce(.zero, +)
    }

    /// Expected length of one phase.
    public func estimate(of phase: PhaseID) -> Period {
        var ends: [StepID: Period] = [:]
        for step in steps(in: phase) {
            let start = step.needs.compactMap { ends[$0] }.max() ?? .zero
            ends[step.id] = start + step.estimate
        }
        return ends.values.max() ?? .zero
    }
}

/// A service as a plan will launch it.
public struct PlannedService: Codable, Sendable, Hashable {
    public var id: ServiceID
    public var instances: Int
    public var mode: ServiceMode
    /// 1 for a service that needs no other, and one more than the deepest that it needs.
    public var layer: Int
    public var changes: [FieldChange]
    /// What of it is bound to its environment, and what became of that.
    public var findings: [Finding]

    public init(
        id: ServiceID, instances: Int, mode: ServiceMode = .parallel, layer: Int, changes: [FieldChange] = [],
        findings: [Finding] = []
    ) {
        self.id = id
        self.instances = instances
        self.mode = mode
        self.layer = layer
        self.changes = changes
        self.findings = findings
    }
}

/// A service that stays where it is.
public struct IgnoredService: Codable, Sendable, Hashable {
    public var id: ServiceID
    /// The rule that says so, for people.
    public var reason: String
    /// Whether a person has to move it before its servers go.
    public var isLeftToPeople: Bool

    public init(id: ServiceID, reason: String, isLeftToPeople: Bool = false) {
        self.id = id
        self.reason = reason
        self.isLeftToPeople = isLeftToPeople
    }
}

/// The commit that a run is pinned to.
public struct PinnedSource: Codable, Sendable, Hashable {
    /// Full object id, or nil outside a Git repository.
    public var commit: String?
    /// Files that differ from the commit; only with a policy that allows it.
    public var changed: [String]
    public var isSigned: Bool
    /// Name of the copy that a run works from, once it was made.
    public var copy: String
    /// Digest of that copy's files, links and modes; nil in plans of before there was one.
    public var digest: String?
    /// The folder that the copy was made from, where tools may be installed; nil where an older rz made the plan.
    public var checkout: String?

    public init(
        commit: String?, changed: [String] = [], isSigned: Bool = false, copy: String = "", digest: String? = nil,
        checkout: String? = nil
    ) {
        self.commit = commit
        self.changed = changed
        self.isSigned = isSigned
        self.copy = copy
        self.digest = digest
        self.checkout = checkout
    }
}

/// What a plan rests on, as far as a change of it makes the plan stale.
public struct World: Codable, Sendable, Hashable {
    /// The color that carries the traffic on every load balancer.
    public var live: Color
    public var servers: [Color: [String]]
    /// The live color's services and their fingerprints.
    public var services: [ServiceID: WorldService]
    /// `load balancer/backend` and the servers in it.
    public var backends: [String: [String]]
    /// Digest of the environment, the runbook and the commit.
    public var configuration: String

    public init(
        live: Color, servers: [Color: [String]], services: [ServiceID: WorldService], backends: [String: [String]],
        configuration: String
    ) {
        self.live = live
        self.servers = servers
        self.services = services
        self.backends = backends
        self.configuration = configuration
    }

    /// What differs in a later observation, one sentence each; empty means that the plan still holds.
    public func differences(to later: World) -> [String] {
        var differences: [String] = []
        if live != later.live { differences.append("live color: \(live) → \(later.live)") }
        if configuration != later.configuration { differences.append("environment, runbook or commit changed") }
        for color in Color.allCases {
            differences += World.compare(
                servers[color, default: []], later.servers[color, default: []], what: "\(color) server")
        }
        for id in Set(services.keys).union(later.services.keys).sorted() {
            switch (services[id], later.services[id]) {
            case (let before?, let after?):
                if before.fingerprint != after.fingerprint {
                    differences.append("service \(id): its definition changed")
                }
                if before.instances != after.instances {
                    differences.append("service \(id): \(before.instances) → \(after.instances) instances")
                }
            case (_?, nil): differences.append("service \(id): removed")
            case (nil, _?): differences.append("service \(id): added")
            case (nil, nil): break
            }
        }
        for name in Set(backends.keys).union(later.backends.keys).sorted() {
            differences += World.compare(
                backends[name, default: []], later.backends[name, default: []], what: "\(name) server")
        }
        return differences
    }

    private static func compare(_ before: [String], _ after: [String], what: String) -> [String] {
        Set(before).subtracting(after).sorted().map { "\(what) \($0): gone" }
            + Set(after).subtracting(before).sorted().map { "\(what) \($0): new" }
    }
}

/// A service as a run saw it.
public struct WorldService: Codable, Sendable, Hashable {
    public var fingerprint: String
    public var instances: Int
    /// What its framework calls the definition; nil where it keeps no earlier ones.
    public var revision: String?

    public init(fingerprint: String, instances: Int, revision: String? = nil) {
        self.fingerprint = fingerprint
        self.instances = instances
        self.revision = revision
    }

    public init(_ service: Service) {
        self.init(fingerprint: service.fingerprint, instances: service.instances, revision: service.revision)
    }
}
