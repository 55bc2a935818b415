/// What an environment demands of the definitions of its services.
public struct PolicyRules: Codable, Sendable, Hashable {
    /// What a breach does.
    public enum Severity: String, Codable, Sendable, Hashable, CaseIterable {
        /// The plan can't be run.
        case block
        /// The plan says it.
        case warn
        /// No one looks.
        case off
    }

    /// A breach that someone allows for a time.
    public struct Waiver: Codable, Sendable, Hashable {
        public var policy: Policy
        /// A pattern for the ids of services; `*` stands for any text.
        public var services: String
        public var reason: String
        /// Its last day, in UTC.
        public var until: Day

        public init(_ policy: Policy, services: String, reason: String, until: Day) {
            self.policy = policy
            self.services = services
            self.reason = reason
            self.until = until
        }

        package func covers(_ policy: Policy, _ service: ServiceID) -> Bool {
            self.policy == policy && matchesWildcard(service.text, pattern: services)
        }
    }

    /// Of policies that are not named.
    public var severity: Severity
    public var severities: [Policy: Severity]
    /// How old an image may be; nil for any age.
    public var maxImageAge: Period?
    public var waivers: [Waiver]
    /// Reports of tools that must be there and pass.
    public var reports: [ReportRule]

    public init(
        severity: Severity = .warn, severities: [Policy: Severity] = [:], maxImageAge: Period? = nil,
        waivers: [Waiver] = [], reports: [ReportRule] = []
    ) {
        self.severity = severity
        self.severities = severities
        self.maxImageAge = maxImageAge
        self.waivers = waivers
        self.reports = reports
    }

    public subscript(_ policy: Policy) -> Severity { severities[policy] ?? severity }

    /// What the containers of a service do that they may not.
    public func breaches(of service: ServiceID, _ containers: [ContainerFacts], now: Instant) -> [PolicyBreach] {
        Policy.allCases.filter { self[$0] != .off }.flatMap { policy in
            containers.flatMap { policy.breaches(in: $0, maxImageAge: maxImageAge, now: now) }.map { place, text in
                PolicyBreach(
                    policy: policy, service: service, place: place, text: text, severity: self[policy],
                    waiver: waivers.filter { $0.covers(policy, service) }.max { $0.until < $1.until }, now: now)
            }
        }
    }
}

/// Something in the definition of a service that a policy forbids.
public struct PolicyBreach: Codable, Sendable, Hashable {
    public let policy: Policy
    public let service: ServiceID
    /// Where in the definition.
    public let place: String
    public let text: String
    public let isBlocking: Bool
    /// What allows it, or did until its day was over.
    public let waiver: PolicyRules.Waiver?
    public let isWaived: Bool

    init(
        policy: Policy, service: ServiceID, place: String, text: String, severity: PolicyRules.Severity,
        waiver: PolicyRules.Waiver?, now: Instant
    ) {
        self.policy = policy
        self.service = service
        self.place = place
        self.text = text
        self.waiver = waiver
        isWaived = waiver.map { $0.until.isOver(at: now) == false } ?? false
        isBlocking = severity == .block && !isWaived
    }

    /// For people: `/shop/web container.docker.privileged: it is privileged (policy privileged)`.
    public var sentence: String { "\(service) \(remark)" }

    /// The same where the service is named already.
    public var remark: String {
        var note = "policy \(policy.rawValue)"
        if let waiver {
            note +=
                isWaived
                ? ", waived until \(waiver.until): \(waiver.reason)" : ", whose waiver ended on \(waiver.until)"
        }
        return "\(place): \(text) (\(note))"
    }
}
