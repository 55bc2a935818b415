/// The phases of an RZ update. Their order is the state machine's and no runbook can change it.
public enum Phase: String, Codable, Sendable, Hashable, CaseIterable, Comparable, CustomStringConvertible,
    CodingKeyRepresentable
{
    case preflight, standUp, configure, platformGate, replicate, serviceGate, cutOver, drain, soak, tearDown

    /// The phase from which there is no way back.
    public static let pointOfNoReturn = Phase.tearDown

    /// The phase that follows, or nil after the last.
    public var next: Phase? {
        let all = Phase.allCases
        return position + 1 < all.count ? all[position + 1] : nil
    }

    /// Whether weights of the load balancers belong to the run in this phase.
    public var ownsTraffic: Bool { self >= .cutOver }

    public var description: String { rawValue }
    public static func < (left: Phase, right: Phase) -> Bool { left.position < right.position }

    private var position: Int {
        switch self {
        case .preflight: 0
        case .standUp: 1
        case .configure: 2
        case .platformGate: 3
        case .replicate: 4
        case .serviceGate: 5
        case .cutOver: 6
        case .drain: 7
        case .soak: 8
        case .tearDown: 9
        }
    }
}
