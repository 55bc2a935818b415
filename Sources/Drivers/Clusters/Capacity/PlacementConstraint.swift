/// A rule about the agents that a service may run on: a field of the agent, an operator, sometimes a value.
///
/// Source: Marathon 1.11, `Constraints.scala`.
public struct PlacementConstraint: Sendable, Hashable, CustomStringConvertible {
    public enum Operator: String, Sendable, CaseIterable {
        case unique = "UNIQUE"
        case cluster = "CLUSTER"
        case groupBy = "GROUP_BY"
        case like = "LIKE"
        case unlike = "UNLIKE"
        case maxPer = "MAX_PER"
        case `is` = "IS"
    }

    /// `hostname`, or the name of an attribute.
    public var field: String
    public var `operator`: Operator
    public var value: String?

    public init(_ field: String, _ operator: Operator, _ value: String? = nil) {
        self.field = field
        self.operator = `operator`
        self.value = value
    }

    /// Reads `["rack", "GROUP_BY", "2"]`; nil when there is no such operator.
    public init?(_ fields: [String]) {
        guard fields.count >= 2, let kind = Operator(rawValue: fields[1]) else { return nil }
        self.init(fields[0], kind, fields.count > 2 ? fields[2] : nil)
    }

    public var description: String {
        ([field, `operator`.rawValue] + [value].compactMap { $0 }).joined(separator: " ")
    }

    func value(of agent: MesosAgent) -> String? {
        field == "hostname" || field == "@hostname" ? agent.hostname : agent.attributes[field]
    }

    /// Whether an agent may be taken at all, wherever the other instances are.
    func admits(_ agent: MesosAgent) -> Bool {
        let mine = value(of: agent)
        switch `operator` {
        case .is: return mine != nil && mine == value
        case .cluster: return mine != nil && (!isPinned || mine == value)
        case .like: return mine.map { matches($0) } ?? false
        case .unlike: return mine.map { !matches($0) } ?? true
        case .unique, .groupBy: return mine != nil
        case .maxPer: return mine != nil && limit != nil
        }
    }

    /// Whether an instance may go where the field has a value, with so many instances at each value already.
    func admits(_ value: String?, beside taken: [String: Int]) -> Bool {
        guard let value else { return `operator` == .unlike }
        let here = taken[value] ?? 0
        switch `operator` {
        case .unique: return here == 0
        case .maxPer: return here < limit ?? 0
        case .cluster: return isPinned || taken.isEmpty || here > 0
        case .groupBy: return here == 0 || (taken.count >= limit ?? 0 && here == taken.values.min())
        case .is, .like, .unlike: return true
        }
    }

    /// `CLUSTER` with a value: a choice that is made already.
    var isPinned: Bool { value?.isEmpty == false }

    private var limit: Int? { value.flatMap { Int($0) } }

    private func matches(_ text: String) -> Bool {
        guard let value, let pattern = try? Regex(value) else { return false }
        return (try? pattern.wholeMatch(in: text)) != nil
    }
}
