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
            anywhere, two of them at once, load balancers that reload, clocks that are set. With the same rz, the same \
            seed gives the same trace. Nothing outside is touched.

              rz simulate --runs 10000
              rz simulate --seed 4711 --trace
              rz simulate --explore
            """)

    @Option(name: .long, help: "The first seed; by default a fresh one, which is printed.")
    var seed: UInt64?

    @Option(name: .long, help: "How many seeds, one after the other.")
    var runs = 1

    @Flag(name: .long, help: "Print every event and every effect with its time in milliseconds.")
    var trace = false

    @Flag(name: .long, help: "Visit every state that a small model can reach instead; takes its time.")
    var explore = false

    func run() async throws {
        try await exiting { try explore ? exploreAll() : simulateAll() }
    }

    private func simulateAll() throws -> ExitStatus {
        guard runs > 0 else {
            throw Failure("There is nothing to simulate", advice: "Give a number of --runs above 0.")
        }
        let terminal = Terminal.standardOutput
        let first = seed ?? UInt64.random(in: 0...999_999_999)
        terminal.write("rz simulate --seed \(first) --runs \(runs)\n")
        let scenario = try Scenario.small()
        let start = ContinuousClock.now
        var events = 0
        for number in 0..<UInt64(runs) {
            let report = SimulatedRun(scenario, seed: first &+ number, isTracing: trace).perform()
            events += report.events
            for line in report.trace { terminal.write(line + "\n") }
            if let broken = report.broken.first {
                terminal.write("seed \(report.seed): \(broken)\n")
                terminal.write("See how it came to that: rz simulate --seed \(report.seed) --trace\n")
                return .error
            }
        }
        terminal.write("\(runs) runs, \(events) events, every promise kept (\(rate(of: runs, since: start)))\n")
        return .done
    }

    private func exploreAll() throws -> ExitStatus {
        let start = ContinuousClock.now
        let report = Exploration(try Scenario.small(startTime: 0, isBrief: true)).explore()
        let terminal = Terminal.standardOutput
        for line in report.journal { terminal.write("  \(line)\n") }
        for broken in report.broken { terminal.write("\(broken)\n") }
        let ends = report.ends.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        terminal.write(
            "\(report.states) states, \(report.moments) moments, \(report.events) events in \(report.runs) runs: "
                + "\(ends) (\(rate(of: report.runs, since: start)))\n")
        return report.broken.isEmpty ? .done : .error
    }

    private func rate(of runs: Int, since start: ContinuousClock.Instant) -> String {
        let took = ContinuousClock.now - start
        let seconds = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
        return "\(Int((Double(runs) / max(seconds, 0.001)).rounded())) runs a second"
    }
}
