import Migration

/// What stands between rz and all that it calls: its drivers and its store of runs.
public protocol Interposing: Sendable {
    /// The same drivers, each call watched.
    func around(_ drivers: Drivers) -> Drivers

    /// The same store, each write watched.
    func around(_ store: any RunStore) -> any RunStore
}

/// Where a program that shares rz's commands puts itself between rz and the world. In rz itself nothing stands there.
public enum Interposition {
    @TaskLocal public static var current: (any Interposing)?

    static func around(_ drivers: Drivers) -> Drivers { current?.around(drivers) ?? drivers }

    static func around(_ store: any RunStore) -> any RunStore { current?.around(store) ?? store }
}
