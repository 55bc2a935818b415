/// Names a phase of an operation, for example `cutOver`. Phases follow each other as their plan says.
public typealias PhaseID = Name<Phase>

/// A phase of an operation, as the plan of a run writes it: the core knows phases by their traits, never by their names.
public struct Phase: Sendable, Hashable {
    public enum Trait: String, Codable, Sendable, Hashable, CaseIterable {
        /// Weights of the load balancers belong to the run in this phase.
        case ownsTraffic
        /// Moves the traffic and proves the new color with it: when a step fails, the traffic goes back, and what
        /// follows rests on what this phase proved.
        case returnsTrafficOnFailure
        /// Has the steps from which there is no way back.
        case afterNoReturn
    }

    public var id: PhaseID
    public var traits: Set<Trait>

    public init(_ id: PhaseID, _ traits: Set<Trait> = []) {
        self.id = id
        self.traits = traits
    }
}

extension PhaseID {
    /// What is done when a run has halted, which is no phase: its steps are called `onHalt/page`.
    public static var onHalt: PhaseID { "onHalt" }
}

extension [Phase] {
    /// A phase by its id; nil where it is none of these.
    public func phase(_ id: PhaseID) -> Phase? { first { $0.id == id } }

    public func has(_ trait: Phase.Trait, in id: PhaseID) -> Bool { phase(id)?.traits.contains(trait) == true }

    /// The phases that come before one; none where it is not among these.
    public func before(_ id: PhaseID) -> ArraySlice<Phase> { prefix(firstIndex { $0.id == id } ?? 0) }

    /// The phases that follow one; none where it is not among these.
    public func after(_ id: PhaseID) -> ArraySlice<Phase> { dropFirst((firstIndex { $0.id == id } ?? count) + 1) }
}
