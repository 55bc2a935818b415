/// A condition that did not hold in time.
package struct NeverHeld: Error, CustomStringConvertible {
    package let description: String
}

/// Waits until a condition holds, and looks again every 20 ms.
///
/// - Parameters:
///   - what: what is waited for, for people.
///   - limit: ends a wait that would last without end; many tests share the machine.
/// - Throws: `NeverHeld` after `limit`, and what the condition throws.
package func eventually(
    _ what: String = "a condition", within limit: Duration = .seconds(120), file: String = #fileID, line: Int = #line,
    _ condition: () async throws -> Bool
) async throws {
    guard try await holds(within: limit, condition) else {
        throw NeverHeld(description: "waited \(limit) in vain: \(what) (\(file):\(line))")
    }
}

/// Whether a condition holds before a time has passed.
package func holds(within limit: Duration, _ condition: () async throws -> Bool) async throws -> Bool {
    let end = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < end else { return false }
        try await Task.sleep(for: .milliseconds(20))
    }
    return true
}
