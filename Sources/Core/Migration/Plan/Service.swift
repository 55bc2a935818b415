/// How a service moves.
public enum ServiceMode: String, Codable, Sendable, Hashable, CaseIterable {
    /// Launched beside the old one; both run until the old color is taken down.
    case parallel
    /// May run in one color only: stopped in the old one, then started in the new one, within the cutover.
    case exclusive
    /// A job that fires by a schedule: copied disabled, enabled in one color only, handed over within the cutover.
    case scheduled
    /// A person moves it, because its data does not move by itself: rz leaves it where it is.
    case manual
    /// It does not move.
    case skip

    /// Whether the service may run in one color only (invariant I4).
    public var isSingleton: Bool { self == .exclusive || self == .scheduled }

    /// Whether rz launches it in the new color.
    public var isMoved: Bool { self != .manual && self != .skip }
}

/// One launchable thing, read from the framework that launches it.
public struct Service: Codable, Sendable, Hashable {
    public var id: ServiceID
    /// The framework's definition, without the fields that the framework owns.
    public var definition: ServiceDefinition
    public var instances: Int
    public var mode: ServiceMode
    /// Services and groups that must run first: its own, and those of the groups around it.
    public var dependencies: [ServiceID]
    /// Digest of the definition without its instance count: equal digests mean the same service.
    public var fingerprint: String
    public var hasHealthChecks: Bool
    /// What overrides changed, for people.
    public var changes: [FieldChange]
    /// Where it comes from and what it is there, for people: `app of Marathon`.
    public var kind: String
    /// Whether its framework is changing it, so that what runs is not yet what the definition says.
    public var isDeploying: Bool
    /// The groups around it that say something of their own, the outermost first.
    public var groups: [ServiceGroup]
    /// What gave it its mode; nil where no one said anything.
    public var modeReason: String?
    /// The kinds of findings that overrides accept for it, each with the reason.
    public var accepted: [Finding.Kind: String]
    /// What its framework calls this definition of it; nil where it keeps no earlier ones.
    public var revision: String?

    public init(
        id: ServiceID, definition: ServiceDefinition, instances: Int, mode: ServiceMode = .parallel,
        dependencies: [ServiceID] = [], fingerprint: String, hasHealthChecks: Bool = false, changes: [FieldChange] = [],
        kind: String = "service", isDeploying: Bool = false, groups: [ServiceGroup] = [], modeReason: String? = nil,
        accepted: [Finding.Kind: String] = [:], revision: String? = nil
    ) {
        self.id = id
        self.definition = definition
        self.instances = instances
        self.mode = mode
        self.dependencies = dependencies
        self.fingerprint = fingerprint
        self.hasHealthChecks = hasHealthChecks
        self.changes = changes
        self.kind = kind
        self.isDeploying = isDeploying
        self.groups = groups
        self.modeReason = modeReason
        self.accepted = accepted
        self.revision = revision
    }
}

/// A group of services that says something of its own: what it depends on, whose resources it takes.
public struct ServiceGroup: Codable, Sendable, Hashable {
    public var id: ServiceID
    /// The framework's definition of the group itself, without its members, as lossless JSON text.
    public var definition: String

    public init(id: ServiceID, definition: String) {
        self.id = id
        self.definition = definition
    }
}

/// One field that an override changed.
public struct FieldChange: Codable, Sendable, Hashable {
    public var path: String
    public var from: String?
    public var to: String?

    public init(path: String, from: String?, to: String?) {
        self.path = path
        self.from = from
        self.to = to
    }
}

/// How a service is doing, by its framework's own counts.
public struct ServiceHealth: Codable, Sendable, Hashable {
    public var expected: Int
    public var staged: Int
    public var running: Int
    public var healthy: Int
    public var unhealthy: Int
    public var hasHealthChecks: Bool
    /// Whether the framework is still changing it.
    public var isDeploying: Bool
    /// Why it isn't ready, in the framework's words: declined offers, the last failure.
    public var reasons: [String]

    public init(
        expected: Int, staged: Int, running: Int, healthy: Int, unhealthy: Int, hasHealthChecks: Bool,
        isDeploying: Bool,
        reasons: [String] = []
    ) {
        self.expected = expected
        self.staged = staged
        self.running = running
        self.healthy = healthy
        self.unhealthy = unhealthy
        self.hasHealthChecks = hasHealthChecks
        self.isDeploying = isDeploying
        self.reasons = reasons
    }

    /// Everything runs, nothing is under way, and what can be healthy is. A service without health checks reports
    /// no healthy task, ever.
    public var isReady: Bool {
        !isDeploying && running == expected && staged == 0 && unhealthy == 0
            && (!hasHealthChecks || healthy == expected)
    }

    /// For people: `1 of 3 healthy; 2 offers declined: InsufficientMemory`.
    public var description: String {
        let count = hasHealthChecks ? "\(healthy) of \(expected) healthy" : "\(running) of \(expected) running"
        return ([count] + reasons).joined(separator: "; ")
    }
}

/// Whether a singleton is let run, and what of it runs.
public struct ServiceActivity: Codable, Sendable, Hashable {
    /// A job: its schedule is enabled. An app: it will have at least one instance.
    public var isEnabled: Bool
    /// How many instances it will have; of a job, none.
    public var instances: Int
    /// Tasks or job runs that have not ended.
    public var running: Int
    /// When a job fires next by its schedule, be it enabled or not.
    public var nextFire: Instant?

    public init(isEnabled: Bool, instances: Int, running: Int, nextFire: Instant? = nil) {
        self.isEnabled = isEnabled
        self.instances = instances
        self.running = running
        self.nextFire = nextFire
    }
}
