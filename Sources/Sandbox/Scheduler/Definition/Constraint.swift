import JSON

/// A placement rule of an app: a field of the agent, an operator, sometimes a value.
struct Constraint: Sendable, Hashable {
    enum Operator: String, Sendable {
        case unique = "UNIQUE"
        case cluster = "CLUSTER"
        case groupBy = "GROUP_BY"
        case like = "LIKE"
        case unlike = "UNLIKE"
        case maxPer = "MAX_PER"
        case `is` = "IS"
    }

    let field: String
    let kind: Operator
    let value: String?

    /// Reads an app's form, an array of two or three texts, or a pod's, an object; nil when it is neither.
    init?(_ json: JSON) {
        let fields = (json.array ?? [json["fieldName"], json["operator"], json["value"]].compactMap(\.self))
            .compactMap(\.string)
        guard fields.count >= 2, let kind = Operator(rawValue: fields[1].uppercased()) else { return nil }
        field = fields[0]
        self.kind = kind
        value = fields.count > 2 ? fields[2] : nil
    }

    /// Expressions are parsed by recursion and matched by backtracking: long ones cost more than any agent is worth.
    private static let longestExpression = 200

    /// What is wrong with the value of a constraint, in Marathon's words; nil when it is fine.
    static func problem(_ kind: Operator, value: String?) -> String? {
        switch kind {
        case .unique: value == nil ? nil : "Value specified but not used"
        case .cluster: nil
        case .groupBy: value == nil || value.flatMap(Int.init) != nil ? nil : "Value was specified but is not a number"
        case .like, .unlike:
            if let value, value.utf8.count > longestExpression {
                "A regular expression has at most \(longestExpression) bytes"
            } else if let value {
                (try? Regex(value)) == nil ? "'\(value)' is not a valid regular expression" : nil
            } else {
                "A regular expression value must be provided"
            }
        case .maxPer: value.flatMap(Int.init) == nil ? "Value was not specified or is not a number" : nil
        case .is: value == nil ? "value must be specified" : nil
        }
    }

    /// Whether a task may go to `agent`, given where the app's other tasks are and which agents there are.
    func admits(_ agent: Agent, siblings: [Agent], all: [Agent]) -> Bool {
        let mine = agent.value(of: field)
        let taken = siblings.compactMap { $0.value(of: field) }
        switch kind {
        case .unique:
            guard let mine else { return false }
            return !taken.contains(mine)
        case .cluster:
            guard let mine else { return false }
            if let value, !value.isEmpty { return mine == value }
            return taken.isEmpty || taken.contains(mine)
        case .groupBy:
            guard let mine else { return false }
            return count(of: mine, in: taken) <= fewest(taken, all: all)
        case .like:
            guard let mine, let value else { return false }
            return matches(mine, value)
        case .unlike:
            guard let mine, let value else { return true }
            return !matches(mine, value)
        case .maxPer:
            guard let mine, let limit = value.flatMap(Int.init) else { return false }
            return count(of: mine, in: taken) < limit
        case .is:
            return mine == value
        }
    }

    /// The size of the smallest group; a group no one is in yet counts as zero while fewer than asked for exist.
    private func fewest(_ taken: [String], all: [Agent]) -> Int {
        let known = Set(taken)
        let wanted = value.flatMap(Int.init) ?? Set(all.compactMap { $0.value(of: field) }).count
        guard known.count >= wanted else { return 0 }
        return known.map { count(of: $0, in: taken) }.min() ?? 0
    }

    private func count(of value: String, in values: [String]) -> Int {
        values.count { $0 == value }
    }

    private func matches(_ text: String, _ pattern: String) -> Bool {
        guard let expression = try? Regex(pattern) else { return false }
        return (try? expression.wholeMatch(in: text)) != nil
    }
}
