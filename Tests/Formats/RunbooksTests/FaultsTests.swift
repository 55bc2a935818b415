import Foundation
import Migration
import Runbooks
import Testing

@Suite("A file of faults")
struct FaultsTests {
    private func read(_ text: String) throws -> [AssumedFault] {
        let path = FileManager.default.temporaryDirectory.appending(path: "faults-\(UUID().uuidString).yaml").path
        try Data(text.utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try AssumedFault.read(path)
    }

    @Test("says what goes wrong, where, for how long")
    func whole() throws {
        let faults = try read(
            """
            faults:
              - fault: loadBalancerDown
                step: cutOver/*
                loadBalancer: edge-1
                for: 5m
              - fault: newColorErrors
                share: 20%
              - fault: killed
            """)
        #expect(faults.map(\.kind) == [.loadBalancerDown, .newColorErrors, .killed])
        #expect(faults[0].step == "cutOver/*" && faults[0].loadBalancer == "edge-1" && faults[0].length == .minutes(5))
        #expect(faults[1].share == Percent(20))
        #expect(faults[2].step == "*" && faults[2].length == .minutes(1))
    }

    @Test("with a mistake names its line and what is known")
    func mistakes() throws {
        let error = #expect(throws: ConfigurationError.self) { try read("faults:\n  - fault: loadBalancerDwon\n") }
        let text = try #require(error).description
        #expect(text.contains(":2:") && text.contains("loadBalancerDown"), "\(text)")
        #expect(throws: ConfigurationError.self) { try read("faults: []\n") }
        #expect(throws: Failure.self) { try AssumedFault.read("/no/such/file.yaml") }
    }
}
