extension String {
    /// The text in one line and as it will be seen: control characters, and those that turn the direction of text, are
    /// written as JSON would escape them (RFC 8259, section 7). What an outside system says can then neither move a
    /// terminal's cursor nor look like a line of rz's own.
    public var visible: String { escaped { _ in false } }

    /// The same for a text whose lines and columns are rz's own.
    public var visibleLines: String { escaped { $0 == "\n" || $0 == "\t" } }

    private func escaped(except isKept: (Unicode.Scalar) -> Bool) -> String {
        guard utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0xC2 || $0 == 0xD8 || $0 == 0xE2 }) else {
            return self
        }
        var result = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            if scalar.isUnseen, !isKept(scalar) {
                result.append(contentsOf: scalar.escape.unicodeScalars)
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }
}

extension Unicode.Scalar {
    /// C0, DEL and C1; the marks, embeddings and isolates of the bidirectional algorithm (UAX #9, section 2); the
    /// separators of lines and paragraphs.
    fileprivate var isUnseen: Bool {
        switch value {
        case 0x00..<0x20, 0x7F..<0xA0, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    fileprivate var escape: String {
        switch self {
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        default:
            let digits = String(value, radix: 16)
            return "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        }
    }
}
