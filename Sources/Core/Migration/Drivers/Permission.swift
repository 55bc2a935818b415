/// Whether the process that makes a change may still make it.
///
/// A struct, and no closure: optimised across modules, Swift 6.3 passes no metadata for a task-local value that is a
/// function with a typed error, and the process ends with a bad pointer.
public struct Permission: Sendable {
    /// That of the work under way; by default there is no one to ask.
    @TaskLocal public static var current = Permission { () async throws(Failure) in }

    private let question: @Sendable () async throws(Failure) -> Void

    /// - Parameter question: throws when another rz took the environment over.
    public init(_ question: @escaping @Sendable () async throws(Failure) -> Void) { self.question = question }

    /// A driver whose work takes long asks right before each program that it starts, as another rz may have taken the
    /// environment over since the work was begun. Throws `Failure` when it has.
    public static func ask() async throws(Failure) { try await current.question() }
}
