/// What a source reported before and does not report now. That services are gone is a claim, not a fact (I12): a
/// source whose store is gone, or whose leader came up without its state, answers the same.
public struct Shrinkage: Sendable, Hashable {
    /// For people: `marathon`, the source's key in environment.yaml; `the framework` where the environment names none.
    public var source: String
    /// What is missing, in the order of the ids.
    public var missing: [ServiceID]
    /// How many services the source reported before.
    public var before: Int

    /// - Parameters:
    ///   - before: what the source reported before.
    ///   - now: what it reports now.
    ///   - explained: whether people have said that a service goes.
    /// - Returns: nil where nothing is missing that is not explained.
    public init?(
        of source: String = "the framework", before: Set<ServiceID>, now: Set<ServiceID>,
        explained: (ServiceID) -> Bool = { _ in false }
    ) {
        let known = before.filter { !explained($0) }
        missing = known.subtracting(now).sorted()
        guard !missing.isEmpty else { return nil }
        self.source = source
        self.before = known.count
    }

    /// Whether people may have removed these one by one: the source still reports others, and all but one are there,
    /// or all but a tenth.
    public var isSmall: Bool { missing.count < before && missing.count <= max(1, before / 10) }

    /// For people: `marathon reports 2 of 12 services that were there; missing: /shop/cart, /shop/db and 8 more`.
    public var description: String {
        let shown = missing.prefix(Shrinkage.shown).map(\.text).joined(separator: ", ")
        let more = missing.count > Shrinkage.shown ? " and \(missing.count - Shrinkage.shown) more" : ""
        return "\(source) reports \(before - missing.count) of \(before) services that were there; "
            + "missing: \(shown)\(more)"
    }

    private static let shown = 5

    /// What a source that answers with less usually suffers from, for people.
    public static let likelyCauses =
        "likely causes: its store is gone (ZooKeeper, Redis), its leader came up without its state, an agent is lost, "
        + "another group, other credentials"
}

extension ServiceRules {
    /// What each source no longer reports. Services that `ignore` names are declared, and those of a source
    /// that is no longer named are not missed.
    public func shrinkages(before: Set<ServiceID>, now: Set<ServiceID>) -> [Shrinkage] {
        guard !sources.isEmpty else {
            return [Shrinkage(before: before, now: now) { ignoring($0) != nil }].compactMap { $0 }
        }
        return sources.compactMap { source in
            Shrinkage(of: source.name, before: before.filter(source.owns), now: now) { ignoring($0) != nil }
        }
    }
}
