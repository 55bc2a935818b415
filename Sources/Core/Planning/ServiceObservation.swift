import Migration

/// The services of one color, as they are and as the other color will have them.
public struct ServiceObservation: Sendable {
    /// Those that move, as they are.
    public var moving: [Service]
    /// The same as the other color will have them.
    public var rewritten: [Service]
    /// Those that stay, each with the rule that says so.
    public var ignored: [IgnoredService]
    /// Those that files of the environment declare, and of which nothing runs.
    public var absent: [ServiceID]
    /// What of each service that moves is bound to its environment.
    public var findings: [ServiceID: [Finding]]

    /// Reads the services of a color and judges them. Makes no mutating call.
    ///
    /// - Throws: `Failure` when they can't be read, or an override does not fit.
    public init(
        of cluster: any Cluster, rules: ServiceRules, in placement: PlacementContext
    ) async throws(Failure) {
        moving = []
        rewritten = []
        ignored = []
        findings = [:]
        let services = try await cluster.observeServices()
        let running = Set(services.map(\.id))
        absent = cluster.servicesInFiles.filter { !running.contains($0) && rules.ignoring($0) == nil }.sorted()
        for service in services {
            if let pattern = rules.ignoring(service.id) {
                let isItself = pattern == service.id.text
                let reason = "ignored by rule" + (isItself ? "" : " \(pattern)")
                ignored.append(IgnoredService(id: service.id, reason: reason))
                continue
            }
            let new = try cluster.rewrite(service, overrides: rules.overrides, inventory: placement.new)
            guard new.mode.isMoved else {
                ignored.append(
                    IgnoredService(
                        id: service.id, reason: new.modeReason ?? "mode \(new.mode)",
                        isLeftToPeople: new.mode == .manual))
                continue
            }
            moving.append(service)
            rewritten.append(new)
            let found = new.answering(try cluster.judge(service, rewritten: new, in: placement))
            if !found.isEmpty { findings[service.id] = found }
        }
    }
}
