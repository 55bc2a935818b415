import JSON
import Migration

extension Judgement {
    /// Constraints on agents, and the roles whose resources are taken.
    func placement(_ parts: DefinitionParts) -> [Finding] {
        parts.constraints.compactMap(constraint) + role(parts) + acceptedRoles(parts)
    }

    // MARK: - Constraints

    /// A constraint of an app is a list of two or three words, one of a pod an object.
    func constraint(_ part: DefinitionParts.Part) -> Finding? {
        let words = (part.json.array ?? []).map(\.string)
        let field = part.json["fieldName"]?.string ?? words.first.flatMap { $0 } ?? ""
        let operation = (part.json["operator"]?.string ?? (words.count > 1 ? words[1] : nil) ?? "").uppercased()
        let value = part.json["value"]?.string ?? (words.count > 2 ? words[2] : nil)
        let rule = AgentRule(field: field, operation: operation, value: value)
        func finding(_ text: String, _ judgement: Finding.Judgement) -> Finding {
            Finding(.constraint, at: part.path, "\(rule): \(text)", judgement)
        }
        if rule.holdsAnywhere { return nil }
        if rule.isPositive, let server = oldServer(in: value ?? "") {
            return finding("it names \(server), a server of the old color", .blocking)
        }
        guard let agents = placement.agents, rule.canBeJudged(by: agents) else {
            return finding("an agent must fit", .deferred)
        }
        let fitting = agents.count { rule.admits($0) }
        return fitting == 0
            ? finding("no agent of the new color fits", .blocking)
            : finding("\(fitting) of \(agents.count) agents fit", .harmless)
    }

    /// The name or address of an old server that a text holds.
    private func oldServer(in text: String) -> String? {
        placement.old.hosts.flatMap { [$0.name, $0.address] }.first { !$0.isEmpty && text.holds(address: $0) }
    }

    // MARK: - Roles

    /// A role that the definition names is not its cluster's own, else it would have been left out.
    private func role(_ parts: DefinitionParts) -> [Finding] {
        guard let role = parts.definition.role else { return [] }
        let isGroup = parts.definition.id.groups.first?.text == "/" + role
        return [
            isGroup
                ? Finding(.role, at: "role", "\(role): the name of its group", .harmless)
                : Finding(
                    .role, at: "role", "\(role): the new Marathon takes its own role and those of groups, no others",
                    .blocking)
        ]
    }

    private func acceptedRoles(_ parts: DefinitionParts) -> [Finding] {
        guard let part = parts.acceptedRoles, case let roles = (part.json.array ?? []).compactMap(\.string),
            !roles.isEmpty, !roles.contains("*")
        else { return [] }
        let named = "resources of \(roles.joined(separator: ", "))"
        guard let agents = placement.agents else {
            return [
                Finding(
                    .role, at: part.path, "\(named): an agent must have some",
                    .deferred)
            ]
        }
        let fitting = agents.count { !$0.roles.isDisjoint(with: roles) }
        return [
            fitting == 0
                ? Finding(.role, at: part.path, "\(named): no agent of the new color has any", .blocking)
                : Finding(.role, at: part.path, "\(named): on \(fitting) of \(agents.count) agents", .harmless)
        ]
    }
}

/// A rule about the agents that a service may run on.
///
/// Source: Marathon 1.11, `Constraints.scala`.
private struct AgentRule: CustomStringConvertible {
    let field: String
    let operation: String
    let value: String?

    var description: String { [field, operation, value].compactMap { $0 }.joined(separator: " ") }

    private var isHostname: Bool { field == "hostname" || field == "@hostname" }
    private var isPinned: Bool { value?.isEmpty == false }

    /// Whether it asks for certain agents, by a value that one of them must have.
    var isPositive: Bool { ["IS", "LIKE"].contains(operation) || (operation == "CLUSTER" && isPinned) }

    /// Every agent has a host name, and one of its own.
    var holdsAnywhere: Bool {
        isHostname && !isPositive && (["UNIQUE", "GROUP_BY", "MAX_PER", "CLUSTER"].contains(operation))
    }

    /// Regions and zones are no attributes: not every list of agents has them.
    func canBeJudged(by agents: [Agent]) -> Bool {
        !field.hasPrefix("@") || isHostname || agents.contains { $0.attributes[field] != nil }
    }

    func admits(_ agent: Agent) -> Bool {
        let mine = isHostname ? agent.hostname : agent.attributes[field]
        switch operation {
        case "IS": return mine != nil && mine == value
        case "CLUSTER": return mine != nil && (!isPinned || mine == value)
        case "LIKE": return mine.map(isLike) ?? false
        case "UNLIKE": return !(mine.map(isLike) ?? false)
        default: return mine != nil
        }
    }

    private func isLike(_ text: String) -> Bool {
        guard let value, let pattern = try? Regex(value) else { return false }
        return (try? pattern.wholeMatch(in: text)) != nil
    }
}
