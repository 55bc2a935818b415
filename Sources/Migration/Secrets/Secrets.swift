/// The secret texts that a process has seen, and the way to keep them out of everything it writes (invariant I10).
public struct Secrets: Sendable, Equatable {
    /// What stands in the place of a secret.
    public static let mask = "•••"

    private var texts: Set<String> = []

    public init() {}

    /// Remembers a secret, and the forms that it takes inside JSON and inside URLs; of several lines each line too.
    /// Texts shorter than four characters are not remembered: masking them would shred every message.
    public mutating func insert(_ secret: String) {
        guard secret.count >= 4 else { return }
        texts.formUnion(EscapedForms.of(secret))
        guard secret.contains(where: \.isNewline) else { return }
        // A short line of a longer secret, a brace for example, is none by itself.
        for line in secret.split(whereSeparator: \.isNewline) where line.count >= 8 {
            texts.formUnion(EscapedForms.of(String(line)))
        }
    }

    public mutating func formUnion(_ other: Secrets) { texts.formUnion(other.texts) }

    public var isEmpty: Bool { texts.isEmpty }

    /// The text with every secret masked; where secrets overlap, all that they cover becomes one mask.
    public func redact(_ text: String) -> String {
        let bytes = Array(text.utf8)
        let covered = texts.flatMap { Secrets.occurrences(of: Array($0.utf8), in: bytes) }
            .sorted { $0.lowerBound < $1.lowerBound }
        guard !covered.isEmpty else { return text }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var position = 0
        for range in covered {
            if range.lowerBound >= position {
                result += bytes[position..<range.lowerBound]
                // Secrets side by side share a mask too: nothing tells where one ends.
                if position == 0 || range.lowerBound > position { result += Array(Secrets.mask.utf8) }
            }
            position = max(position, range.upperBound)
        }
        return String(decoding: result + bytes[position...], as: UTF8.self)
    }

    private static func occurrences(of needle: [UInt8], in bytes: [UInt8]) -> [Range<Int>] {
        guard let first = needle.first, bytes.count >= needle.count else { return [] }
        return (0...bytes.count - needle.count).compactMap { start in
            guard bytes[start] == first, bytes[start..<start + needle.count].elementsEqual(needle) else { return nil }
            return start..<start + needle.count
        }
    }
}
