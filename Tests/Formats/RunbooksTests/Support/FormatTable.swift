import Migration
import Operations

@testable import Runbooks

/// The keys of a format as a Markdown table, for docs/formats.md.
enum FormatTable {
    struct Row: Hashable {
        var path: String
        var values: [String]
        var standard: String
        var meaning: String
        var example: String
        /// Whether the key holds a value of its own, not only further keys.
        var isLeaf: Bool
    }

    static func markdown(_ shape: Shape) -> String {
        let head = "| Key | Value | Default | Meaning | Example |\n|---|---|---|---|---|\n"
        return head
            + rows(shape, "").map { row in
                let values = row.values.joined(separator: " \\| ")
                return "| `\(row.path)` | \(values) | \(row.standard) | \(row.meaning) | \(row.example) |\n"
            }.joined()
    }

    static func rows(_ shape: Shape, _ path: String) -> [Row] {
        switch shape {
        case .object(let fields, _, _):
            let known = fields.filter { $0.presence != .notSupportedYet }
            let prefix = path.isEmpty ? "" : path + "."
            guard known.map(\.name) == [Phase].rzUpdate.map(\.id).map(\.rawValue) else {
                return known.flatMap { rows($0, prefix + $0.name) }
            }
            return merge(known.map { rows($0, prefix + "PHASE") })
        case .list(let element, _): return rows(element, path + "[]")
        case .either(let shapes): return shapes.flatMap { rows($0, path) }
        case .map(let element):
            guard case .object = element else { return [] }
            return rows(element, path + ".NAME")
        default: return []
        }
    }

    private static func rows(_ field: Field, _ path: String) -> [Row] {
        let inner = rows(field.shape, path)
        let isRequired = field.presence == .required
        let row = Row(
            path: path, values: values(field.shape), standard: isRequired ? "required" : code(field.standard),
            meaning: field.meaning + (field.formerName.map { "; formerly `\($0)`" } ?? ""),
            example: code(field.example), isLeaf: inner.isEmpty)
        return [row] + inner
    }

    /// One set of rows for all phases; where they differ, all their values and the last one's example.
    private static func merge(_ phases: [[Row]]) -> [Row] {
        guard var result = phases.first else { return [] }
        for rows in phases.dropFirst() {
            for (index, row) in rows.enumerated() {
                result[index].values += row.values.filter { !result[index].values.contains($0) }
                result[index].example = row.example
            }
        }
        return result
    }

    private static func code(_ text: String?) -> String {
        text.map { "`\($0.replacingOccurrences("|", "\\|"))`" } ?? ""
    }

    private static func values(_ shape: Shape) -> [String] {
        switch shape {
        case .string(_, let references): [references ? "text, `${…}`" : "text"]
        case .integer(let range): ["\(range.lowerBound) to \(range.upperBound)"]
        case .number: ["number"]
        case .flag: ["true/false"]
        case .period: ["time"]
        case .percent: ["percentage"]
        case .choice(let words, _): words.map { "`\($0)`" }
        case .data: ["text, number, true/false, list or keys"]
        case .list(let element, _): ["list of " + values(element).joined(separator: " or ")]
        case .map, .object: ["keys"]
        case .either(let shapes): shapes.flatMap(values)
        }
    }
}

extension String {
    fileprivate func replacingOccurrences(_ old: Character, _ new: String) -> String {
        map { $0 == old ? new : String($0) }.joined()
    }
}
