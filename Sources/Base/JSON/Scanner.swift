/// Walks the tokens of a document before json-c reads it, for all that json-c forgets or forgives: the text of
/// numbers, keys that come twice, single quotes, `NaN`, and where in the document a place is.
struct Scanner {
    private enum Container {
        /// `isKey`: the next string names a member.
        case object(names: Set<[UInt8]>, key: [UInt8], isKey: Bool)
        case array(index: Int)
    }

    private let bytes: [UInt8]
    private let limits: JSONLimits
    private var position = 0
    private var containers: [Container] = []
    /// The texts of all numbers, in the order of the document.
    private(set) var numbers: [String] = []
    private var values = 0

    init(_ bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// Scans up to a position, or to the end.
    mutating func scan(to end: Int = .max) throws(JSONError) {
        guard bytes.count <= limits.bytes else { throw error("longer than \(limits.bytes) bytes") }
        while position < bytes.count, position < end {
            switch bytes[position] {
            case UInt8(ascii: "{"): try open(.object(names: [], key: [], isKey: true))
            case UInt8(ascii: "["): try open(.array(index: 0))
            case UInt8(ascii: "}"), UInt8(ascii: "]"): close()
            case UInt8(ascii: ","): nextMember()
            case UInt8(ascii: ":"): endKey()
            case UInt8(ascii: "\""): try string()
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): position += 1
            default: try word()
            }
        }
    }

    /// An error at the present position, or at another.
    func error(_ reason: String, at offset: Int? = nil) -> JSONError {
        let before = bytes.prefix(min(offset ?? position, bytes.count))
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let column = before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count + 1
        return JSONError(reason: reason, line: line, column: column, path: path)
    }

    private var path: String {
        containers.map { container in
            switch container {
            case .object(_, let key, _): key.isEmpty ? "" : "/" + String(decoding: key, as: UTF8.self)
            case .array(let index): "/\(index)"
            }
        }.joined()
    }

    private mutating func open(_ container: Container) throws(JSONError) {
        guard containers.count < limits.depth else { throw error("nested deeper than \(limits.depth) levels") }
        try countValue()
        containers.append(container)
        position += 1
    }

    private mutating func countValue() throws(JSONError) {
        values += 1
        if values > limits.values { throw error("more than \(limits.values) values") }
    }

    private mutating func close() {
        _ = containers.popLast()
        position += 1
    }

    private mutating func nextMember() {
        switch containers.popLast() {
        case .object(let names, _, _): containers.append(.object(names: names, key: [], isKey: true))
        case .array(let index): containers.append(.array(index: index + 1))
        case nil: break
        }
        position += 1
    }

    private mutating func endKey() {
        if case .object(let names, let key, _) = containers.last {
            containers[containers.count - 1] = .object(names: names, key: key, isKey: false)
        }
        position += 1
    }

    private mutating func string() throws(JSONError) {
        let start = position
        position += 1
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            if bytes[position] == UInt8(ascii: "\\") {
                try surrogate()
                position += 1
            } else if bytes[position] < 0x20 {
                throw error("a control character inside a string must be escaped")
            }
            position += 1
        }
        guard position < bytes.count else { throw error("a string without its closing quote", at: start) }
        if case .object(var names, _, true) = containers.last {
            // Escapes are undone: json-c would put the last of two equal keys instead of the first.
            let key = Scanner.unescaped(bytes[(start + 1)..<position])
            containers.removeLast()
            let isNew = names.insert(key).inserted
            containers.append(.object(names: names, key: key, isKey: true))
            // json-c's keys end at their first zero character.
            if key.contains(0) { throw error("a key with a zero character", at: start) }
            guard isNew else {
                let shown = JSONError.shortened(String(decoding: key, as: UTF8.self))
                throw error("the key “\(shown)” comes twice", at: start)
            }
        } else {
            try countValue()
        }
        position += 1
    }

    /// An escaped surrogate stands only in a pair: alone it is no character.
    private mutating func surrogate() throws(JSONError) {
        guard let unit = escapedUnit(at: position) else { return }
        if (0xDC00...0xDFFF).contains(unit) { throw error("a lone surrogate is no character") }
        guard (0xD800...0xDBFF).contains(unit) else { return }
        guard let low = escapedUnit(at: position + 6), (0xDC00...0xDFFF).contains(low) else {
            throw error("a lone surrogate is no character")
        }
        position += 6
    }

    private func escapedUnit(at offset: Int) -> Int? {
        guard offset + 6 <= bytes.count, bytes[offset] == UInt8(ascii: "\\"), bytes[offset + 1] == UInt8(ascii: "u")
        else { return nil }
        return Int(String(decoding: bytes[(offset + 2)..<(offset + 6)], as: UTF8.self), radix: 16)
    }

    /// The bytes that an escaped text stands for. What is no escape stays: json-c refuses it.
    private static func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8] {
        guard text.contains(UInt8(ascii: "\\")) else { return Array(text) }
        var result: [UInt8] = []
        var units: [UInt16] = []
        var rest = text
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let letter = rest.popFirst() else {
                result.append(byte)
                continue
            }
            guard letter == UInt8(ascii: "u") else {
                result.append(plain[letter] ?? letter)
                continue
            }
            units.append(UInt16(String(decoding: rest.prefix(4), as: UTF8.self), radix: 16) ?? 0)
            rest = rest.dropFirst(4)
            // The other half of a surrogate follows.
            if UTF16.isLeadSurrogate(units[0]), units.count == 1 { continue }
            result += String(decoding: units, as: UTF16.self).utf8
            units = []
        }
        return result
    }

    private static let plain =
        [
            UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13,
            UInt8(ascii: "t"): 9,
        ] as [UInt8: UInt8]

    private mutating func number() throws(JSONError) {
        let start = position
        while position < bytes.count, Scanner.isNumeric(bytes[position]) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard Scanner.isNumber(bytes[start..<position]) else {
            throw error("“\(JSONError.shortened(text))” is not a number", at: start)
        }
        numbers.append(text)
        try countValue()
    }

    private mutating func word() throws(JSONError) {
        for word in ["true", "false", "null"] where bytes[position...].starts(with: word.utf8) {
            position += word.utf8.count
            return try countValue()
        }
        let shown = UnicodeScalar(bytes[position])
        throw error(
            bytes[position] < 0x80 && bytes[position] > 0x20
                ? "unexpected “\(shown)”" : "unexpected byte \(bytes[position])")
    }

    private static func isNumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || [43, 45, 46, 69, 101].contains(byte)
    }

    /// RFC 8259, section 6: `-`? int frac? exp?
    private static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text
        func digits() -> Int {
            let count = rest.prefix { (48...57).contains($0) }.count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let hasLeadingZero = rest.first == UInt8(ascii: "0")
        let whole = digits()
        guard whole > 0, !hasLeadingZero || whole == 1 else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits() > 0 else { return false }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}
