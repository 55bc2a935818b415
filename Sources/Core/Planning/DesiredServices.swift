import Migration

/// What the other color must have of a color's services: the one answer that plan, launch, gates, parity and
/// `rz services` share.
public struct DesiredServices: Sendable {
    /// A service that moves.
    public struct Pair: Sendable {
        /// As its own color has it.
        public let found: Service
        /// As the other color must have it.
        public let wanted: Service
    }

    /// What becomes of one service.
    public enum Fate: Sendable {
        case moves(Service)
        case stays(IgnoredService)
    }

    /// Those that move.
    public let pairs: [Pair]
    /// Those that stay, each with the rule or the mode that says so.
    public let staying: [IgnoredService]
    private let cluster: any Cluster

    /// - Parameters:
    ///   - services: as their own color reports them.
    ///   - cluster: their own color's, which knows their definitions.
    ///   - inventory: the other color's servers, nil before they exist.
    /// - Throws: `Failure` when an override does not fit.
    public init(
        of services: [Service], on cluster: any Cluster, rules: ServiceRules, inventory: Inventory?
    ) throws(Failure) {
        var pairs: [Pair] = []
        var staying: [IgnoredService] = []
        for service in services {
            switch try Self.fate(of: service, on: cluster, rules: rules, inventory: inventory) {
            case .moves(let wanted): pairs.append(Pair(found: service, wanted: wanted))
            case .stays(let ignored): staying.append(ignored)
            }
        }
        self.pairs = pairs
        self.staying = staying
        self.cluster = cluster
    }

    /// What becomes of one service. Parameters and errors are those of `init`.
    public static func fate(
        of service: Service, on cluster: any Cluster, rules: ServiceRules, inventory: Inventory?
    ) throws(Failure) -> Fate {
        if let pattern = rules.ignoring(service.id) {
            let isItself = pattern == service.id.text
            return .stays(IgnoredService(id: service.id, reason: "ignored by rule" + (isItself ? "" : " \(pattern)")))
        }
        var wanted = try cluster.rewrite(service, overrides: rules.overrides, inventory: inventory)
        // One copy of both: most services are wanted as they are.
        if wanted.definition == service.definition { wanted.definition = service.definition }
        guard wanted.mode.isMoved else {
            return .stays(
                IgnoredService(
                    id: service.id, reason: wanted.modeReason ?? "mode \(wanted.mode)",
                    isLeftToPeople: wanted.mode == .manual))
        }
        return .moves(wanted)
    }

    public subscript(_ id: ServiceID) -> Pair? { pairs.first { $0.found.id == id } }

    /// What of a service is bound to its own color, after what its overrides and its answers settle.
    public func findings(of pair: Pair, in placement: PlacementContext) throws(Failure) -> [Finding] {
        pair.wanted.answering(try cluster.judge(pair.found, rewritten: pair.wanted, in: placement))
    }

    /// For people: what of these services keeps them from the other color, one sentence each.
    public func obstacles(
        of pairs: [Pair], in placement: PlacementContext
    ) throws(Failure) -> [String] {
        var sentences: [String] = []
        for pair in pairs {
            sentences += try findings(of: pair, in: placement).filter { $0.judgement == .blocking }
                .map { "\(pair.found.id) \($0.path): \($0.text)" }
        }
        return sentences
    }

    /// What the other color has to change to have what it must.
    ///
    /// - Parameters:
    ///   - found: every service of the other color.
    ///   - counts: whether a service that only the other color has counts as one too many.
    public func delta(
        from found: [Service], on cluster: any Cluster, counting counts: (ServiceID) -> Bool
    ) throws(Failure) -> ServiceDelta {
        let wanted = Set(pairs.map(\.found.id))
        let ours = found.filter { wanted.contains($0.id) || counts($0.id) }
        return try ServiceDelta(from: ours, to: pairs.map(\.wanted)) { found, wanted throws(Failure) in
            try cluster.differences(wanted, found)
        }
    }
}
