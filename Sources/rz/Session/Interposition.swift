import Migration

/// What stands between rz and all that it calls: its drivers and its journal.
public protocol Interposing: Sendable {
    /// The same drivers, each call watched.
    func around(_ drivers: Drivers) -> Drivers

    /// The same store, each append watched.
    func around(_ store: any EventStore) -> any EventStore

    /// Makes one of the journal's writes that are no events: the lock, a run's name, its plan.
    func aroundWrite<Result>(_ what: String, _ write: () async throws -> Result) async throws -> Result
}

/// Where a program that shares rz's commands puts itself between rz and the world. In rz itself nothing stands there.
public enum Interposition {
    @TaskLocal public static var current: (any Interposing)?

    static func around(_ drivers: Drivers) -> Drivers { current?.around(drivers) ?? drivers }

    static func around(_ store: any EventStore) -> any EventStore { current?.around(store) ?? store }

    static func aroundWrite<Result>(
        _ what: String, _ write: () async throws -> Result
    ) async throws -> Result {
        guard let current else { return try await write() }
        return try await current.aroundWrite(what, write)
    }
}
