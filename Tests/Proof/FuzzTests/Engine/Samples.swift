import Foundation

/// Real input, one file each: in `Samples/TARGET`, and what `../shared/fixtures` has of it.
enum Samples {
    private static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    static func of(_ target: String) throws -> [[UInt8]] {
        try files(in: tests.appending(path: "Samples/\(target)")) + fixtures(for: target)
    }

    /// Inputs that once broke something.
    static func regressions(of target: String) throws -> [(name: String, bytes: [UInt8])] {
        let folder = tests.appending(path: "Regressions/\(target)")
        return try names(in: folder).map { ($0, Array(try Data(contentsOf: folder.appending(path: $0)))) }
    }

    private static let fixtureFolders = [
        "json": "mesos-state", "marathon-app": "marathon", "marathon-apps": "marathon",
        "terraform-events": "provisioning", "ansible-events": "provisioning",
    ]

    private static func fixtures(for target: String) throws -> [[UInt8]] {
        guard let folder = fixtureFolders[target] else { return [] }
        let shared = tests.appending(path: "../../../..").standardized
            .appending(path: "shared/fixtures/\(folder)")
        guard FileManager.default.fileExists(atPath: shared.path) else {
            print("fuzz \(target): ../shared/fixtures/\(folder) is not there, only the repository's samples are used")
            return []
        }
        return try files(in: shared).filter { $0.count <= 64 << 10 }
    }

    private static func files(in folder: URL) throws -> [[UInt8]] {
        try names(in: folder).map { Array(try Data(contentsOf: folder.appending(path: $0))) }
    }

    private static func names(in folder: URL) throws -> [String] {
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { !$0.hasPrefix(".") }.sorted()
    }
}
