/// One session of `show sess`.
struct SessionLine: CustomStringConvertible {
    /// HAProxy's own name for it, a hexadecimal number; empty for what is none.
    var id: String
    var frontend: String
    var backend: String
    var server: String
    var source: String
    var age: String

    var description: String { "\(frontend): \(source), for \(age)" }

    /// Sessions are lines of `key=value` after an identifier; what is none is left out.
    static func all(in text: String) -> [SessionLine] {
        text.utf8.split(separator: 10).compactMap { SessionLine(Substring($0)) }
    }

    private init?(_ line: Substring) {
        var fields: [Substring: String] = [:]
        for field in line.split(separator: " ").dropFirst() {
            guard let equals = field.firstIndex(of: "="), fields[field[..<equals]] == nil else { continue }
            fields[field[..<equals]] = String(field[field.index(after: equals)...])
        }
        guard let backend = fields["be"], let server = fields["srv"] else { return nil }
        let first = line.prefix { $0 != ":" }
        id = first.hasPrefix("0x") && first.dropFirst(2).allSatisfy(\.isHexDigit) ? String(first) : ""
        frontend = fields["fe"] ?? "?"
        source = fields["src"] ?? "?"
        age = fields["age"] ?? "?"
        self.backend = backend
        self.server = server
    }
}
