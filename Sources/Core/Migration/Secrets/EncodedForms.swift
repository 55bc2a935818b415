/// What bytes look like in base64 (RFC 4648, sections 4 and 5) and in hexadecimal.
enum EncodedForms {
    /// In both alphabets, for each place in a group of three bytes where the text may begin; without the characters
    /// that neighbouring bytes have a part in.
    static func base64(_ bytes: [UInt8]) -> [[UInt8]] {
        (0..<3).flatMap { offset in
            let first = (offset * 8 + 5) / 6
            let end = (offset + bytes.count) * 8 / 6
            guard end - first >= Secrets.shortest else { return [[UInt8]]() }
            let padded = [UInt8](repeating: 0, count: offset) + bytes
            return [standard, urlSafe].map { alphabet in (first..<end).map { alphabet[sextet($0, of: padded)] } }
        }
    }

    /// All of the base64 that a match is part of: its ends hold bits of the secret, and nothing else that helps.
    static func base64Run(around match: Range<Int>, in bytes: [UInt8]) -> Range<Int> {
        var start = match.lowerBound
        while start > 0, isBase64(bytes[start - 1]) { start -= 1 }
        var end = match.upperBound
        while end < bytes.count, isBase64(bytes[end]) { end += 1 }
        while end < bytes.count, bytes[end] == UInt8(ascii: "=") { end += 1 }
        return start..<end
    }

    static func hexadecimal(_ bytes: [UInt8]) -> [[UInt8]] {
        ["0123456789abcdef", "0123456789ABCDEF"].map { digits in
            let digits = Array(digits.utf8)
            return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        }
    }

    private static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let urlSafe = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    private static func isBase64(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func sextet(_ index: Int, of bytes: [UInt8]) -> Int {
        let bit = index * 6
        let first = Int(bytes[bit / 8]) << 8
        let second = bit / 8 + 1 < bytes.count ? Int(bytes[bit / 8 + 1]) : 0
        return (first | second) >> (10 - bit % 8) & 63
    }
}
