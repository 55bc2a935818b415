import ArgumentParser
import Foundation
import Migration
import Simulation

struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run rz itself in a simulated data centre where anything may go wrong.",
        discussion: """
            Each seed decides what goes wrong and when: calls that fail, replies that are lost, rz killed or stopped \
            anywhere, two of them at once, load balancers that reload. The same seed always gives the same trace.

              rz simulate --runs 10000
              rz simulate --seed 4711 --trace
            """)

    @Option(name: .long, help: "The first seed; by default a fresh one, which is printed.")
    var seed: UInt64?

    @Option(name: .long, help: "How many seeds, one after the other.")
    var runs = 1

    @Flag(name: .long, help: "Print every event and every effect with its time in milliseconds.")
    var trace = false

    func run() async throws {
        try await exiting {
            let first = seed ?? UInt64.random(in: 0...999_999_999)
            let scenario = try Scenario.small()
            let terminal = Terminal.standardOutput
            terminal.write("seed \(first)\n")
            var events = 0
            let start = ContinuousClock.now
            for seed in first..<(first + UInt64(runs)) {
                let report = SimulatedRun(scenario, seed: seed, isTracing: trace).perform()
                events += report.events
                if trace { terminal.write(report.trace.joined(separator: "\n") + "\n") }
                if !report.broken.isEmpty {
                    terminal.write("seed \(seed) \(report.broken.map(\.description))\n")
                    return .error
                }
            }
            let took = ContinuousClock.now - start
            terminal.write("\(runs) runs, \(events) events, \(took)\n")
            return .done
        }
    }
}
