import Foundation
import SandboxTesting

/// What `make crash-test` is told, by environment variables.
struct Options {
    /// Only these; all without `SIGNAL` and `THEN`.
    var modes = Mode.all
    /// `POINT`: only these, by number or name, parted by ` | `, all in one move.
    var points: [String] = []
    /// `POINTS`: so many points, chosen by the seed; all without.
    var count: Int?
    /// `SEED`
    var seed = UInt64.random(in: 0..<1_000_000)
    /// `JOBS`: moves side by side, each in a sandbox of its own.
    var jobs = 2
    /// `PER_MOVE`: points that one move goes through at most.
    var perMove = 20

    init(_ variables: [String: String]) throws {
        func text(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }
        func number(_ name: String) throws -> Int? {
            guard let text = text(name) else { return nil }
            let number = try require(Int(text), "\(name) is no number: \(text)")
            try require(number > 0, "\(name) must be 1 or more")
            return number
        }
        if let name = text("SIGNAL") {
            let blow = try require(
                Mode.Blow(rawValue: name), "SIGNAL is one of \(Mode.Blow.allCases.map(\.rawValue)), not \(name)")
            modes.removeAll { $0.blow != blow }
        }
        if let name = text("THEN") {
            let remedy = try require(
                Mode.Remedy(rawValue: name), "THEN is one of \(Mode.Remedy.allCases.map(\.rawValue)), not \(name)")
            modes.removeAll { $0.remedy != remedy }
        }
        try require(!modes.isEmpty, "rollback and abort are tried after SIGNAL=KILL only")
        points = text("POINT")?.components(separatedBy: " | ") ?? []
        count = try number("POINTS")
        if let chosen = try number("SEED") { seed = UInt64(chosen) }
        jobs = try number("JOBS") ?? jobs
        perMove = try number("PER_MOVE") ?? perMove
    }
}
