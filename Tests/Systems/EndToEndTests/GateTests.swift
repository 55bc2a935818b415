import Foundation
import SandboxTesting
import Testing

@Suite("The gate before the traffic moves", .serialized)
struct GateTests {
    @Test("fails at its deadline when a service gets sick, names it and why, and gives green no traffic")
    func sickService() async throws {
        try await SandboxFixture.with { sandbox in
            try sandbox.edit(
                sandbox.runbookFile, replacing: "use: health, timeout: 15m", with: "use: health, timeout: 6s")
            let recorders = try await Recorders(sandbox)
            let built = try await sandbox.run(
                "update", "sandbox", "--yes", "--until", "replicate", variables: recorders.variables)
            #expect(built.status == 3, "\(built.all.suffix(600))")
            try sandbox.setSickness("health", of: "/shop/cart", on: "green")

            let ended = try await sandbox.run("resume", variables: recorders.variables)
            #expect(ended.status == 3)
            #expect(ended.output.contains("HALTED in serviceGate, all traffic is on blue"), "\(ended.all.suffix(900))")
            #expect(ended.output.contains("waiting for /shop/cart: "), "\(ended.all.suffix(900))")
            #expect(ended.output.contains("of 2 healthy"), "\(ended.all.suffix(900))")
            #expect(ended.output.contains("rz rollback"))
            #expect(recorders.changes.filter { $0.weight(of: "blue") != nil }.isEmpty)
            #expect(recorders.changes.filter { $0.weight(of: "green") ?? 0 > 0 }.isEmpty)

            // A service that got well again lets the run go on from there.
            try sandbox.setSickness(nil, of: "/shop/cart", on: "green")
            let healed = try await sandbox.run("resume", variables: recorders.variables)
            #expect(healed.status == 0, "\(healed.all.suffix(900))")
            #expect(try await sandbox.live() == "green")
        }
    }
}
