/// Something outside that is not as the environment describes it, or as the last run left it.
public struct Drift: Sendable, Hashable {
    /// Where it was found, in the order in which people look.
    public enum Area: String, Codable, Sendable, Hashable, CaseIterable {
        case servers, configuration, services, loadBalancers, certificates
    }

    public var area: Area
    /// A resource, a server with its task, a service, or `LOAD BALANCER/BACKEND/SERVER`.
    public var subject: String
    /// What is not as it should be, in a few words.
    public var text: String
    /// How it is and how it should be, a line each; empty where `text` says it all. Holds no secret that rz knows.
    public var diff: [String]
    /// What takes it back; nil where only a person can.
    public var remedy: Remedy?

    /// How rz takes a drift back.
    public enum Remedy: Sendable, Hashable {
        /// The color's servers are built as they are described.
        case build
        /// The color's servers are configured.
        case configure
        /// A service becomes again what it was, by the revision that its framework keeps of it or by what rz keeps.
        ///
        /// - Parameter from: as it was found; nil where it is gone.
        case restore(ServiceID, from: WorldService?, to: WorldService)
        /// A service that no run knows, with these instances, is kept from running; its definition stays.
        case suspend(ServiceID, instances: Int)
        case set(LoadBalancerID, ServerChange)
    }

    public init(_ area: Area, _ subject: String, _ text: String, diff: [String] = [], remedy: Remedy? = nil) {
        self.area = area
        self.subject = subject
        self.text = text
        self.diff = diff
        self.remedy = remedy
    }
}

/// What a look at one area brought.
public struct DriftLook: Sendable, Hashable {
    public var drifts: [Drift]
    /// What should have been compared and could not be, one sentence each.
    public var unchecked: [String]
    /// What there is nothing to compare with, one sentence each.
    public var notes: [String]

    public init(_ drifts: [Drift] = [], unchecked: [String] = [], notes: [String] = []) {
        self.drifts = drifts
        self.unchecked = unchecked
        self.notes = notes
    }

    /// Without the secrets that are known, text by text: a finished line of JSON must not be masked.
    public func masked(_ secrets: Secrets) -> DriftLook {
        DriftLook(
            drifts.map { drift in
                Drift(
                    drift.area, secrets.redact(drift.subject), secrets.redact(drift.text),
                    diff: drift.diff.map { secrets.redact($0) }, remedy: drift.remedy)
            }, unchecked: unchecked.map { secrets.redact($0) }, notes: notes)
    }
}
