/// The services of a color as it last reported them: what is left to move by once it does not answer any more.
///
/// Holds definitions, and with them secrets: it is kept in a file for its owner alone, and no plan, event or text has
/// more of it than its time and its digest.
public struct KeptServices: Sendable, Hashable {
    public var color: Color
    /// When they were looked at.
    public var time: Instant
    /// Every service that the color reported, those too that stay.
    public var services: [Service]
    /// Those of them that must run in one color only and were suspended.
    public var suspended: [ServiceID]

    /// Whether no look was kept, and these are what files of the environment declare.
    public var areFromFiles: Bool

    public init(
        color: Color, time: Instant, services: [Service], suspended: [ServiceID] = [], areFromFiles: Bool = false
    ) {
        self.areFromFiles = areFromFiles
        self.color = color
        self.time = time
        self.services = services
        self.suspended = suspended
    }

    public subscript(_ id: ServiceID) -> Service? { services.first { $0.id == id } }
}

extension [KeptServices] {
    /// A service by the definition that it had; nil where none of them has it.
    public func service(_ id: ServiceID, fingerprint: String) -> Service? {
        for kept in self {
            if let service = kept[id], service.fingerprint == fingerprint { return service }
        }
        return nil
    }
}
