/// HAProxy's answer to `get map`: type=str, …, found=yes, idx=tree, key="epoch-shop", value="7@ab", type="str"
enum MapEntry {
    /// Whether HAProxy knows the map.
    static func exists(in answer: String) -> Bool { answer.hasPrefix("type=") }

    /// What the map has for the key; nil without an entry.
    static func value(in answer: String) -> String? {
        let fields = answer.firstLine.split(separator: ",").map { field in String(field.drop { $0 == " " }) }
        guard exists(in: answer), fields.contains("found=yes"),
            let field = fields.first(where: { $0.hasPrefix("value=\"") })
        else { return nil }
        return String(field.dropFirst(7).prefix { $0 != "\"" })
    }

    /// A map file with this entry in place of the key's old one.
    static func contents(_ old: String, _ key: String, _ value: String) -> String {
        var lines = old.utf8.split(separator: 10, omittingEmptySubsequences: false).map { String(Substring($0)) }
        if lines.last == "" { lines.removeLast() }
        let line = "\(key) \(value)"
        let index = lines.firstIndex { line in
            line.split(maxSplits: 1, whereSeparator: { $0 == " " || $0 == "\t" }).first.map { $0 == key } ?? false
        }
        if let index { lines[index] = line } else { lines.append(line) }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Whether HAProxy reads a text as one word of one command.
    static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 4096
            && text.utf8.allSatisfy { $0 > 32 && $0 != 127 && $0 != 59 && $0 != 92 }
    }
}
