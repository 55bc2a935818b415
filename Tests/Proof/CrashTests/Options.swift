import Foundation
import SandboxTesting

/// What `make crash-test` is told, by environment variables.
struct Options {
    /// Only these, several parted by commas; all without `SIGNAL` and `THEN`.
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
    var perMove = 60

    init(_ variables: [String: String]) throws {
        func text(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }
        func number(_ name: String) throws -> Int? {
            guard let text = text(name) else { return nil }
            let number = try require(Int(text), "\(name) is no number: \(text)")
            try require(number > 0, "\(name) must be 1 or more")
            return number
        }
        let blows = try text("SIGNAL").map { try Options.each($0, "SIGNAL", Mode.Blow.self) }
        let remedies = try text("THEN").map { try Options.each($0, "THEN", Mode.Remedy.self) }
        modes.removeAll { blows?.contains($0.blow) == false || remedies?.contains($0.remedy) == false }
        try require(!modes.isEmpty, "rollback and abort are tried after SIGNAL=KILL only")
        points = text("POINT")?.components(separatedBy: " | ") ?? []
        count = try number("POINTS")
        if let chosen = try number("SEED") { seed = UInt64(chosen) }
        jobs = try number("JOBS") ?? jobs
        perMove = try number("PER_MOVE") ?? perMove
    }

    /// `KILL,TERM`, for example.
    private static func each<Choice: RawRepresentable & CaseIterable>(
        _ text: String, _ name: String, _ type: Choice.Type
    ) throws -> [Choice] where Choice.RawValue == String {
        try text.split(separator: ",").map { word in
            try require(
                Choice(rawValue: String(word)), "\(name) is one of \(Choice.allCases.map(\.rawValue)), not \(word)")
        }
    }
}
