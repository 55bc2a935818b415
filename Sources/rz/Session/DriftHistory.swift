import FoundationEssentials
import Glibc
import Migration
import Reporting
import SafeFiles

/// What regular looks for drift of an environment found: a file of JSON lines, the newest thousand.
struct DriftHistory {
    private static let longest = 1000
    private let environment: String
    private let path: String

    init(_ environment: String, _ places: Places) {
        self.environment = environment
        path = places.state(of: environment) + "/drift.jsonl"
    }

    /// Every round that is kept, the oldest first; none where there was none.
    func rounds() throws(Failure) -> [DriftRound] {
        try lines().map { line throws(Failure) in
            do { return try JSONDecoder().decode(DriftRound.self, from: Data(line)) } catch {
                throw Failure(
                    "The history of drift can't be read", at: path, details: ["\(error)"],
                    advice: "Move the file away: a new one is begun with the next round.")
            }
        }
    }

    func append(_ round: DriftRound) throws(Failure) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var lines = try lines().suffix(Self.longest - 1)
        do {
            lines.append(Array(try encoder.encode(round)))
        } catch {
            throw Failure(error, doing: "Encoding a round")
        }
        let text = Array(lines.map { $0 + [0x0A] }.joined())
        do throws(FileProblem) { try FileReplacement.write(text, to: path) } catch {
            throw Failure("The history of drift can't be written", at: path, details: [error.description])
        }
    }

    private func lines() throws(Failure) -> [[UInt8]] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        do throws(FileProblem) {
            return try FileContents.read(path, limit: 64 << 20).split(separator: 0x0A).map { Array($0) }
        } catch {
            throw Failure("The history of drift can't be read", at: path, details: [error.description])
        }
    }
}
