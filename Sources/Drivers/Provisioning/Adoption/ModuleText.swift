/// The text of one file of a root module, as far as it can be read without its providers.
struct ModuleText {
    private let bytes: [UInt8]

    init(_ text: String) { bytes = Array(text.utf8) }

    /// A block of a file: `variable "image" { … }`.
    struct Block {
        var labels: [String]
        /// What is between its braces.
        var body: String
        /// From its keyword to its closing brace.
        fileprivate var range: Range<Int>
    }

    /// All blocks with this keyword, also those inside others.
    func blocks(_ keyword: String) -> [Block] {
        let key = Array(keyword.utf8)
        var blocks: [Block] = []
        var position = 0
        var isLineStart = true
        while position < bytes.count {
            if let end = skipped(at: position) {
                position = end
                isLineStart = false
                continue
            }
            if isLineStart, bytes[position...].starts(with: key), let block = block(at: position, key.count) {
                blocks.append(block)
                position += key.count
                continue
            }
            let byte = bytes[position]
            // A block begins a line, or stands behind the brace of the one around it.
            if !ModuleText.isSpace(byte) { isLineStart = byte == UInt8(ascii: "{") }
            if byte == UInt8(ascii: "\n") { isLineStart = true }
            position += 1
        }
        return blocks
    }

    /// Blocks with this keyword that stand in one of another keyword: `backend` in `terraform`, and not in a resource.
    func blocks(_ keyword: String, in outer: String) -> [Block] {
        let around = blocks(outer).filter(\.labels.isEmpty).map(\.range)
        return blocks(keyword).filter { block in around.contains { $0.contains(block.range.lowerBound) } }
    }

    /// The text with these blocks replaced.
    func replacing(_ blocks: [Block], with text: String) -> String {
        var result: [UInt8] = []
        var position = 0
        for block in blocks {
            result += bytes[position..<block.range.lowerBound] + Array(text.utf8)
            position = block.range.upperBound
        }
        return String(decoding: result + bytes[position...], as: UTF8.self)
    }

    private func block(at start: Int, _ length: Int) -> Block? {
        var position = start + length
        var labels: [String] = []
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                guard let end = skipped(at: position) else { return nil }
                labels.append(String(decoding: bytes[(position + 1)..<max(position + 1, end - 1)], as: UTF8.self))
                position = end
            } else if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
                position += 1
            } else {
                break
            }
        }
        guard position < bytes.count, bytes[position] == UInt8(ascii: "{") else { return nil }
        let open = position
        var depth = 0
        while position < bytes.count {
            if let end = skipped(at: position) {
                position = end
                continue
            }
            if bytes[position] == UInt8(ascii: "{") { depth += 1 }
            if bytes[position] == UInt8(ascii: "}") { depth -= 1 }
            position += 1
            if depth == 0 {
                return Block(
                    labels: labels, body: String(decoding: bytes[(open + 1)..<(position - 1)], as: UTF8.self),
                    range: start..<position)
            }
        }
        return nil
    }

    /// Where a text or a comment that begins here ends; nil for anything else.
    private func skipped(at start: Int) -> Int? {
        let byte = bytes[start]
        let next = start + 1 < bytes.count ? bytes[start + 1] : 0
        if byte == UInt8(ascii: "#") || byte == UInt8(ascii: "/") && next == UInt8(ascii: "/") {
            return bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        }
        if byte == UInt8(ascii: "/"), next == UInt8(ascii: "*") {
            var position = start + 2
            while position + 1 < bytes.count,
                bytes[position] != UInt8(ascii: "*") || bytes[position + 1] != UInt8(ascii: "/")
            {
                position += 1
            }
            return min(bytes.count, position + 2)
        }
        guard byte == UInt8(ascii: "\"") else { return nil }
        var position = start + 1
        var depth = 0
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\\"): position += 1
            case UInt8(ascii: "{")
            where depth > 0 || [UInt8(ascii: "$"), UInt8(ascii: "%")].contains(bytes[position - 1]):
                depth += 1
            case UInt8(ascii: "}") where depth > 0: depth -= 1
            case UInt8(ascii: "\"") where depth == 0: return position + 1
            default: break
            }
            position += 1
        }
        return bytes.count
    }

    private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0d].contains(byte) }
}
