import Foundation
import Testing

@testable import LoadBalancing

@Suite("A file that HAProxy reads at its next start")
struct PersistentFileTests {
    @Test("is created where there is none, replaced whole, and left as it is where nothing is to be written")
    func replaces() async throws {
        try await withFolder { folder in
            let path = folder + "/server.state"
            try await PersistentFile(path).replace { before in
                before == nil ? "first" : "it was said to exist"
            }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "first")
            // Longer than one read or write of the system.
            let long = String(repeating: "0123456789abcdef", count: 20_000)
            try await PersistentFile(path).replace { before in before == "first" ? long : nil }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == long)
            try await PersistentFile(path).replace { before in before == long ? nil : "it was read otherwise" }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == long)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["server.state"])
        }
    }

    @Test("is a problem, and no missing file, where something else stands in its place")
    func folderInstead() async throws {
        try await withFolder { folder in
            let problem = await #expect(throws: PersistentFile.Problem.self) {
                try await PersistentFile(folder).replace { _ in "text" }
            }
            #expect(problem?.isMissing == false)
            #expect(problem?.text.contains("read \(folder)") == true)
        }
    }

    private func withFolder(_ test: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await test(folder)
    }
}
