/// Folds the events of one apply into lines for people: `2 of 5 servers: blue-agent-1 creating`.
struct TerraformProgress: Sendable {
    private let noun: String
    private let total: Int
    private var done = 0

    /// - Parameter plan: the events of the plan that is applied.
    init(plan: [TerraformEvent], noun: String) {
        var types: Set<String> = []
        var total = 0
        for event in plan {
            if case .planned(let resource, _) = event { types.insert(resource.type) }
            if case .summary(_, let add, let change, let remove) = event { total = add + change + remove }
        }
        self.total = total
        // Of a module with networks and volumes as well no one could say how many servers are done.
        self.noun = types.count == 1 ? noun : "resources"
    }

    /// The line for the next event, if it is worth one.
    mutating func line(for event: TerraformEvent) -> String? {
        switch event {
        case .started(let resource, let action): return "\(count): \(resource.name) \(verb(action))"
        case .progressed(let resource, let action, let seconds):
            return "\(count): \(resource.name) \(verb(action)) for \(seconds) s"
        case .completed(let resource, let action):
            done += 1
            return "\(count): \(resource.name) \(action == "delete" ? "destroyed" : "done")"
        case .errored(let resource, let action): return "\(count): \(resource.name) failed while \(verb(action))"
        default: return nil
        }
    }

    private var count: String { "\(done) of \(max(total, done)) \(noun)" }

    private func verb(_ action: String) -> String {
        switch action {
        case "create": "creating"
        case "delete": "being destroyed"
        case "update": "changing"
        default: action
        }
    }
}
