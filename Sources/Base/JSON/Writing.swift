extension JSON: CustomStringConvertible {
    /// Without spaces, keys in their order.
    public var compact: String { Writer(sortsKeys: false, indent: nil).text(self) }
    /// Two spaces a level, keys in their order.
    public var pretty: String { Writer(sortsKeys: false, indent: "  ").text(self) }
    /// Without spaces, keys sorted: equal for documents that differ only in the order of keys.
    public var canonical: String { Writer(sortsKeys: true, indent: nil).text(self) }
    public var description: String { compact }
}

private struct Writer {
    let sortsKeys: Bool
    let indent: String?

    func text(_ value: JSON) -> String {
        var output = ""
        write(value, level: 0, to: &output)
        return output
    }

    private func write(_ value: JSON, level: Int, to output: inout String) {
        switch value {
        case .null: output += "null"
        case .bool(let value): output += value ? "true" : "false"
        case .number(let number): output += number.text
        case .string(let text): write(text, to: &output)
        case .array(let elements):
            list(elements, "[", "]", level, &output) { element, output in
                write(element, level: level + 1, to: &output)
            }
        case .object(let object):
            let members = sortsKeys ? object.sorted { $0.key < $1.key } : Array(object)
            list(members, "{", "}", level, &output) { member, output in
                write(member.key, to: &output)
                output += indent == nil ? ":" : ": "
                write(member.value, level: level + 1, to: &output)
            }
        }
    }

    private func list<Element>(
        _ elements: [Element], _ open: String, _ close: String, _ level: Int, _ output: inout String,
        _ write: (Element, inout String) -> Void
    ) {
        output += open
        for (position, element) in elements.enumerated() {
            if position > 0 { output += "," }
            newLine(level + 1, &output)
            write(element, &output)
        }
        if !elements.isEmpty { newLine(level, &output) }
        output += close
    }

    private func newLine(_ level: Int, _ output: inout String) {
        guard let indent else { return }
        output += "\n" + String(repeating: indent, count: level)
    }

    private func write(_ text: String, to output: inout String) {
        output += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }
}
