import Migration

/// What every call that changes something outside goes through: only the holder of the lock may make one (invariant
/// I6).
package struct Fence: Sendable {
    let journal: any EventStore
    package let epoch: Int
    let executor: (any TaskExecutor)?

    /// Makes a short call, to its end even when its step is asked to stop: nothing that was asked for may happen after
    /// the step that asked for it has ended.
    package func act<Result: Sendable>(
        _ call: @escaping @Sendable () async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        if Task.isCancelled { throw .cancelled }
        try await journal.confirm(epoch: epoch)
        let outcome = await Task(executorPreference: executor) { () async -> Swift.Result<Result, Failure> in
            do throws(Failure) { return .success(try await call()) } catch { return .failure(error) }
        }.value
        return try outcome.get()
    }

    /// Makes a long call, one of a driver that stops cleanly when it is asked to and asks for permission on the way.
    package func actUntilStopped<Result: Sendable>(
        _ call: @Sendable () async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        let permission: @Sendable () async throws(Failure) -> Void = { () async throws(Failure) in
            if Task.isCancelled { throw .cancelled }
            try await journal.confirm(epoch: epoch)
        }
        try await permission()
        let outcome = await Permission.$current.withValue(Permission(permission)) {
            () async -> Swift.Result<Result, Failure> in
            do throws(Failure) { return .success(try await call()) } catch { return .failure(error) }
        }
        return try outcome.get()
    }
}
