import Foundation
import JSON
import Migration
import Testing

@testable import Clusters

/// The definition of an app or a pod from JSON text, on a Marathon whose own role is `*`.
func definition(_ text: String) throws -> MarathonDefinition {
    try MarathonDefinition(JSON(parsing: text), defaultRole: "*")
}

extension MarathonDefinition {
    /// What overrides make of it.
    mutating func apply(
        _ overrides: [Override], inventory: Inventory?, resolver: Resolver
    ) throws(Failure) -> [FieldChange] {
        let run = try OverrideRun(.object(json), of: id, overrides, inventory: inventory, resolver: resolver)
        self = try MarathonDefinition(run.json)
        return run.changes
    }
}

/// Takes `${env:NAME}` from these texts, everything else as it is written.
func resolver(_ variables: [String: String] = [:]) -> Resolver {
    { setting throws(Failure) in
        var text = ""
        for part in setting.parts {
            switch part {
            case .text(let literal): text += literal
            case .reference(_, let name):
                guard let value = variables[name.text] else { throw Failure("\(name) is not set") }
                text += value
            }
        }
        return text
    }
}

/// Random numbers that are the same in each run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
