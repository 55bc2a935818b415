/// Where the plans of runs are kept, as JSON text without a secret.
public protocol PlanStore: Sendable {
    /// Keeps a plan, secrets masked.
    func save(plan: String, id: String) async throws(Failure)

    /// A plan's text; nil when none has this id.
    ///
    /// - Throws: `Failure` when it is not what was saved.
    func plan(_ id: String) async throws(Failure) -> String?

    /// A plan's text as `save` would keep it.
    func masked(plan: String) throws(Failure) -> String

    /// Whether a plan came from another host, and was not compared with its commit since.
    func isImported(plan id: String) async throws(Failure) -> Bool

    /// Writes down that an imported plan is what its commit says.
    func accept(plan id: String) async throws(Failure)
}
