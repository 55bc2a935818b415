import Foundation
import Simulation
import Testing

@Suite("The small model")
struct ExplorationTests {
    @Test("keeps every promise in each state that was reached")
    func everyState() throws {
        let exploration = Exploration(try Scenario.small(startTime: 0, isBrief: true))
        // All of it takes minutes and 3 GB, and is explored with the optimised binary by .ci/run (rz simulate --explore).
        let limit = ProcessInfo.processInfo.environment["RZ_EXPLORE_RUNS"].flatMap { Int($0) } ?? 2_000
        let report = exploration.explore(limit: limit)
        print(
            "small model: \(report.states) states, \(report.moments) moments, \(report.runs) runs, "
                + "\(report.events) events, ends: \(report.ends.sorted { $0.key < $1.key })")
        #expect(report.broken.isEmpty, "\(report.broken)")
        #expect(report.states > 100)
        #expect(Set(report.ends.keys) == ["done", "aborted", "rolled back"])
    }
}
