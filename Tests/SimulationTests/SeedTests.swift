import Foundation
import Migration
import Simulation
import Testing

@Suite("Simulated runs")
struct SeedTests {
    @Test("keep every promise")
    func seeds() throws {
        let scenario = try Scenario.small()
        let count = Int(ProcessInfo.processInfo.environment["RZ_SIMULATE_RUNS"] ?? "200") ?? 200
        var events = 0
        let start = Date()
        var ends: [String: Int] = [:]
        for seed in 0..<UInt64(count) {
            let report = SimulatedRun(scenario, seed: seed).perform()
            events += report.events
            ends["\(report.end)".prefix(20).description, default: 0] += 1
            if !report.broken.isEmpty {
                let again = SimulatedRun(scenario, seed: seed, isTracing: true).perform()
                Issue.record("seed \(seed): \(report.broken)\n\(again.trace.suffix(40).joined(separator: "\n"))")
                break
            }
        }
        print("events", events, "runs", count, Date().timeIntervalSince(start), ends)
    }
}
