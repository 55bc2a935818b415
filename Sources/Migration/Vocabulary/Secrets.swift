/// The secret texts that a process has seen, and the way to keep them out of everything it writes (invariant I10).
public struct Secrets: Sendable, Equatable {
    /// What stands in the place of a secret.
    public static let mask = "•••"

    private var texts: Set<String> = []

    public init() {}

    /// Remembers a secret, and the forms that it takes inside JSON and inside URLs.
    /// Texts shorter than four characters are not remembered: masking them would shred every message.
    public mutating func insert(_ secret: String) {
        guard secret.count >= 4 else { return }
        texts.insert(secret)
        texts.insert(Secrets.escapedForJSON(secret))
        texts.insert(Secrets.escapedForURL(secret))
    }

    public mutating func formUnion(_ other: Secrets) { texts.formUnion(other.texts) }

    public var isEmpty: Bool { texts.isEmpty }

    /// The text with every secret masked, longest first, so that a secret within a secret leaves no rest.
    public func redact(_ text: String) -> String {
        var result = text
        for secret in texts.sorted(by: { ($0.utf8.count, $0) > ($1.utf8.count, $1) }) {
            result = Secrets.replace(secret, in: result)
        }
        return result
    }

    private static func replace(_ secret: String, in text: String) -> String {
        guard text.utf8.count >= secret.utf8.count else { return text }
        let needle = Array(secret.utf8)
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var position = 0
        var found = false
        while position < bytes.count {
            if bytes[position] == needle[0], position + needle.count <= bytes.count,
                bytes[position..<position + needle.count].elementsEqual(needle)
            {
                result += Array(mask.utf8)
                position += needle.count
                found = true
            } else {
                result.append(bytes[position])
                position += 1
            }
        }
        return found ? String(decoding: result, as: UTF8.self) : text
    }

    private static func escapedForJSON(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "\n": "\\n"
            case "\r": "\\r"
            case "\t": "\\t"
            default: String(scalar)
            }
        }.joined()
    }

    private static func escapedForURL(_ text: String) -> String {
        text.utf8.map { byte in
            let isUnreserved =
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || [45, 46, 95, 126].contains(byte)
            return isUnreserved
                ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}
