/// Whether the process that makes a change may still make it.
public enum Permission {
    /// A driver whose work takes long asks right before each program that it starts, as another rz may have taken the
    /// environment over since the work was begun. Throws `Failure` when it has; by default there is nobody to ask.
    @TaskLocal public static var ask: @Sendable () async throws(Failure) -> Void = {}
}
