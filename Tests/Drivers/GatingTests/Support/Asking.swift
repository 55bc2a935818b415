import Migration

@testable import Gating

/// Asks one probe, with a server `green-1` at `address` in the new color and `blue-1` at `old` in the old one.
func ask(
    _ kind: Probe.Kind, new address: String = "127.0.0.1", old: String = "127.0.0.9",
    timeout: Period = .seconds(5)
) async -> GateSample {
    let runner = ProbeRunner(resolver: resolver) { command, _ throws(Failure) in
        throw Failure("no such program: \(command[0])")
    }
    return await runner.ask(
        Probe(kind, timeout: timeout), target: nil,
        inventory: Inventory(groups: ["control": [Host(name: "green-1", address: address)]]),
        other: Inventory(groups: ["control": [Host(name: "blue-1", address: old)]]))
}
