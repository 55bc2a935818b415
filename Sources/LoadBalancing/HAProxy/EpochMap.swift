/// The map whose entry `epoch` tells which run may write.
struct EpochMap: Sendable {
    /// As HAProxy's configuration names it: HAProxy knows a map by this text.
    let path: String

    /// Nil for a path that HAProxy would read as several words or commands.
    init?(_ path: String) {
        let isPlain = path.utf8.allSatisfy { $0 > 32 && $0 != 127 && $0 != 59 && $0 != 92 }
        guard !path.isEmpty, isPlain, path.utf8.count <= 4096 else { return nil }
        self.path = path
    }

    var question: String { "get map \(path) epoch" }

    var advice: String {
        "Name the map in its configuration, for example `http-request set-var(txn.epoch) "
            + "str(epoch),map_str(\(path),0)` in a frontend, and reload HAProxy."
    }

    // MARK: - HAProxy's answer: type=str, …, found=yes, idx=tree, key="epoch", value="7", type="str"

    static func exists(in answer: String) -> Bool { answer.hasPrefix("type=") }
    static func hasEntry(in answer: String) -> Bool { exists(in: answer) && fields(of: answer).contains("found=yes") }

    static func epoch(in answer: String) -> Int? {
        guard hasEntry(in: answer), let field = fields(of: answer).first(where: { $0.hasPrefix("value=\"") }) else {
            return nil
        }
        return Int(field.dropFirst(7).prefix { $0 != "\"" })
    }

    private static func fields(of answer: String) -> [String] {
        answer.firstLine.split(separator: ",").map { field in String(field.drop { $0 == " " }) }
    }

    /// The map file with this epoch in place of its old one.
    static func contents(_ old: String, with epoch: Int) -> String {
        var lines = old.utf8.split(separator: 10, omittingEmptySubsequences: false).map { String(Substring($0)) }
        if lines.last == "" { lines.removeLast() }
        let entry = "epoch \(epoch)"
        if let index = lines.firstIndex(where: isEntry) { lines[index] = entry } else { lines.append(entry) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func isEntry(_ line: String) -> Bool {
        line.split(maxSplits: 1) { $0 == " " || $0 == "\t" }.first == "epoch"
    }
}
