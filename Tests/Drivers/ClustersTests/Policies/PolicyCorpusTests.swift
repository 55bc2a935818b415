import Foundation
import JSON
import Migration
import Testing

@testable import Clusters

/// Definitions of Marathon that others published, each with the policies that it breaks. The verdicts were worked out
/// by a program of its own, in another language, from Marathon's documentation.
private enum Corpus {
    static let folder = URL(filePath: #filePath).appending(path: "../../../../../../shared/fixtures/marathon")
        .standardized.path
    static var isThere: Bool { FileManager.default.fileExists(atPath: folder) }

    /// By file.
    static let verdicts: [(file: String, policies: String)] = {
        let table = URL(filePath: #filePath).appending(path: "../collected-verdicts.tsv").standardized
        return ((try? String(contentsOf: table, encoding: .utf8)) ?? "").split(separator: "\n").map { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            return (fields[0], fields.count > 1 ? fields[1] : "")
        }
    }()
}

@Suite("The collected definitions", .enabled(if: Corpus.isThere, "../shared/fixtures is not there"))
struct PolicyCorpusTests {
    @Test("break the policies that they are known to break, and no others")
    func verdicts() throws {
        #expect(Corpus.verdicts.count > 80)
        for (file, policies) in Corpus.verdicts {
            let text = try String(contentsOfFile: "\(Corpus.folder)/\(file)", encoding: .utf8)
            let facts = try MarathonDefinition(JSON(parsing: text)).containerFacts
            let found = PolicyRules().breaches(of: "/a", facts, now: Instant(milliseconds: 0))
            let broken = Set(found.map(\.policy.rawValue)).sorted().joined(separator: ",")
            #expect(broken == policies, "\(file)")
        }
    }
}
