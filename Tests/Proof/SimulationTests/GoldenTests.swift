import Foundation
import Migration
import Operations
import Simulation
import Testing

@Suite("The event log")
struct GoldenTests {
    @Test("of a clean run")
    func clean() throws {
        let run = ScriptedRun(try Scenario.small())
        try Golden.compare(run.clean(), with: "clean")
        #expect(run.broken.isEmpty)
    }

    @Test("of a rollback after each phase", arguments: [Phase].rzUpdate.map(\.id).dropLast())
    func rolledBack(after phase: PhaseID) throws {
        let run = ScriptedRun(try Scenario.small())
        try Golden.compare(run.rolledBack(after: phase), with: "rollback-after-\(phase)")
        #expect(run.broken.isEmpty)
    }

    @Test("of a resume after each phase", arguments: [Phase].rzUpdate.map(\.id).dropLast())
    func resumed(after phase: PhaseID) throws {
        let run = ScriptedRun(try Scenario.small())
        try Golden.compare(run.resumed(after: phase), with: "resume-after-\(phase)")
        #expect(run.broken.isEmpty)
    }
}

/// Logs as reviewed text files; `RZ_UPDATE_GOLDEN=1` writes them again, and the tests fail.
private enum Golden {
    static func compare(_ log: [String], with name: String) throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/\(name).txt")
        let text = log.joined(separator: "\n") + "\n"
        if ProcessInfo.processInfo.environment["RZ_UPDATE_GOLDEN"] == "1" {
            try Data(text.utf8).write(to: path)
            Issue.record("\(name) was written, and compared with nothing")
            return
        }
        let golden = try String(contentsOf: path, encoding: .utf8)
        #expect(text == golden, "\(name) differs; look at it, then write it anew with RZ_UPDATE_GOLDEN=1")
    }
}
