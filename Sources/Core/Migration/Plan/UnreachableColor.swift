/// An old color that does not answer: what a plan says of it that moves its users without asking it.
///
/// Its services are those of a look that was kept while it still answered.
public struct UnreachableColor: Sendable, Hashable {
    /// When that look was.
    public var keptAt: Instant
    /// Digest of what was kept then: a run moves exactly that.
    public var digest: String
    /// The sources of its services that do not answer, by their titles. What belongs to another one is suspended there.
    public var silent: [String]
    /// What of the move no one can verify, one sentence each.
    public var unverified: [String]

    public init(keptAt: Instant, digest: String, silent: [String], unverified: [String] = []) {
        self.keptAt = keptAt
        self.digest = digest
        self.silent = silent
        self.unverified = unverified
    }
}

extension ServiceRules {
    /// The source that a service belongs to, for people.
    public func sourceTitle(of service: ServiceID) -> String {
        sources.first { $0.owns(service) }?.title ?? ServiceSource.unnamedTitle
    }
}

extension ServiceSource {
    /// What tells sources of an environment apart, for people: `marathon /shop`.
    public var title: String {
        switch self {
        case .marathon(let marathon): marathon.group == "/" ? name : "\(name) \(marathon.group)"
        case .metronome, .chronos, .compose: name
        }
    }

    /// The title where the environment names no source.
    public static let unnamedTitle = "the framework"
}
