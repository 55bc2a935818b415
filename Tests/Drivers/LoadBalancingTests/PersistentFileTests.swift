import Foundation
import SafeFiles
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
            let problem = await #expect(throws: FileProblem.self) {
                try await PersistentFile(folder).replace { _ in "text" }
            }
            #expect(problem?.description == "replace \(folder): Is a directory")
        }
    }

    @Test("is replaced under a name that no one can foresee: what lies beside it stays as it is")
    func unforeseenName() async throws {
        try await withFolder { folder in
            try Data("other".utf8).write(to: URL(filePath: folder + "/other"))
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/rz.map.rz-\(getpid())", withDestinationPath: folder + "/other")
            try await PersistentFile(folder + "/rz.map").replace { _ in "epoch" }
            #expect(try String(contentsOfFile: folder + "/other", encoding: .utf8) == "other")
            #expect(try String(contentsOfFile: folder + "/rz.map", encoding: .utf8) == "epoch")
        }
    }

    @Test("is replaced where a link of this user leads")
    func followsLink() async throws {
        try await withFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/real", withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/rz.map", withDestinationPath: "real/rz.map")
            try await PersistentFile(folder + "/rz.map").replace { _ in "epoch" }
            #expect(try String(contentsOfFile: folder + "/real/rz.map", encoding: .utf8) == "epoch")
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/rz.map") == "real/rz.map")
        }
    }

    @Test("is not replaced, and the plan is blocked, where everyone may replace it")
    func openFolder() async throws {
        try await withFolder { folder in
            chmod(folder, 0o777)
            let file = PersistentFile(folder + "/rz.map")
            #expect(file.obstacle?.advice == "Run: chmod go-w \(folder)")
            let problem = await #expect(throws: FileProblem.self) { try await file.replace { _ in "epoch" } }
            #expect(problem?.reason == "everyone may replace files in it (mode 777)")
        }
    }

    private func withFolder(_ test: (String) async throws -> Void) async throws {
        // As rz does at its start: the folder is its own, whatever the umask of who runs the tests.
        umask(0o077)
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await test(folder)
    }
}
