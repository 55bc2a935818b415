import Migration

/// Where that stands which rz holds for Traefik, and a provider of Traefik's reads it.
protocol TraefikStore: Sendable {
    var words: TraefikStoreWords { get }

    /// What stands there; nil where there is none.
    ///
    /// - Throws: `Failure`, one of the kind `refused` for what rz can't write.
    func holdings() async throws(Failure) -> TraefikHoldings?

    /// Replaces what stands there, in one piece.
    ///
    /// - Parameter report: what Traefik serves: nothing of it may be lost with the change.
    /// - Returns: whether `old` stood there. Where someone else wrote in the meantime nothing is written.
    func replace(
        _ old: TraefikHoldings, by new: TraefikHoldings, served report: TraefikReport
    ) async throws(Failure) -> Bool

    /// Has Traefik read again what stands there, where it may have missed it.
    func remind(_ held: TraefikHoldings, served report: TraefikReport) async throws(Failure)

    /// What of the store would spoil a move, and what stands there; nil where it can't be read.
    func obstacles(_ report: TraefikReport) async -> (all: [Obstacle], held: TraefikHoldings?)
}

/// What a store is called.
struct TraefikStoreWords: Sendable {
    /// What Traefik's names of its services end with: `@file`.
    var suffix: String
    /// Where it is, for people: a path, or an address.
    var place: String
    /// `its file`.
    var own: String
    /// `the file`.
    var holder: String
    /// `the file /etc/traefik/rz.yml`.
    var named: String
    /// What a service of another provider is told: `weighted services of files`.
    var services: String
    /// What to do where the weights are not in it.
    var ofItsOwn: String
    /// What to do where Traefik serves something else.
    var unserved: String
    /// What holds the epoch, for people.
    var note: String
    /// How a person takes it over from a journal that is lost.
    var takeOver: String
    /// How a weighted service watches its children: `healthCheck: {}`.
    var healthCheck: String
}
