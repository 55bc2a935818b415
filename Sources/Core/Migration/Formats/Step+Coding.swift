/// A step of a plan on the wire.
extension Step: Codable {
    private enum Key: String, CodingKey {
        case id = "id"
        case phase = "phase"
        case title = "title"
        case action = "action"
        case color = "color"
        case needs = "needs"
        case undo = "undo"
        case closesWayBack = "closesWayBack"
        case isTakenBack = "isTakenBack"
        case estimate = "estimate"
        case deadline = "deadline"
        case attempts = "attempts"
        case onFailure = "onFailure"
        case when = "when"
    }

    public func encode(to encoder: any Encoder) throws {
        var step = encoder.container(keyedBy: Key.self)
        try step.encode(id, forKey: .id)
        try step.encode(phase, forKey: .phase)
        try step.encode(title, forKey: .title)
        try step.encode(action, forKey: .action)
        try step.encodeIfPresent(color, forKey: .color)
        try step.encode(needs, forKey: .needs)
        try step.encode(undo, forKey: .undo)
        if closesWayBack { try step.encode(true, forKey: .closesWayBack) }
        if isTakenBack { try step.encode(true, forKey: .isTakenBack) }
        try step.encode(estimate, forKey: .estimate)
        try step.encode(deadline, forKey: .deadline)
        try step.encode(attempts, forKey: .attempts)
        try step.encode(onFailure, forKey: .onFailure)
        if !when.isEmpty { try step.encode(when, forKey: .when) }
    }

    public init(from decoder: any Decoder) throws {
        let step = try decoder.container(keyedBy: Key.self)
        self.init(
            id: try step.decode(StepID.self, forKey: .id), phase: try step.decode(PhaseID.self, forKey: .phase),
            title: try step.decode(String.self, forKey: .title), action: try step.decode(Action.self, forKey: .action),
            color: try step.decodeIfPresent(Color.self, forKey: .color),
            needs: try step.decode([StepID].self, forKey: .needs),
            undo: try step.decode(Reversibility.self, forKey: .undo),
            closesWayBack: try step.decodeIfPresent(Bool.self, forKey: .closesWayBack) ?? false,
            isTakenBack: try step.decodeIfPresent(Bool.self, forKey: .isTakenBack) ?? false,
            estimate: try step.decode(Period.self, forKey: .estimate),
            deadline: try step.decode(Period.self, forKey: .deadline),
            attempts: try step.decode(Int.self, forKey: .attempts),
            onFailure: try step.decode(OnFailure.self, forKey: .onFailure),
            when: try step.decodeIfPresent([Condition].self, forKey: .when) ?? [])
    }
}

/// A phase of a plan on the wire: its traits in alphabetical order, as a set has none.
extension Phase: Codable {
    private enum Key: String, CodingKey {
        case id = "id"
        case traits = "traits"
    }

    public func encode(to encoder: any Encoder) throws {
        var phase = encoder.container(keyedBy: Key.self)
        try phase.encode(id, forKey: .id)
        try phase.encode(traits.sorted { $0.rawValue < $1.rawValue }, forKey: .traits)
    }

    public init(from decoder: any Decoder) throws {
        let phase = try decoder.container(keyedBy: Key.self)
        self.init(
            try phase.decode(PhaseID.self, forKey: .id), Set(try phase.decode([Trait].self, forKey: .traits)))
    }
}
