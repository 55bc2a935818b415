/// The secret texts that a process has seen, and the way to keep them out of everything it writes (invariant I10).
public struct Secrets: Sendable, Equatable {
    /// The mask that replaces a secret.
    public static let mask = "•••"
    /// In characters. Masking a shorter text would shred every message.
    public static let shortest = 4

    private var texts: Set<String> = []
    private var needles = Needles()

    public init() {}

    public static func == (left: Secrets, right: Secrets) -> Bool { left.texts == right.texts }

    /// Remembers a secret; of several lines each line too. Those shorter than `shortest` are not remembered.
    public mutating func insert(_ secret: String) {
        guard secret.count >= Secrets.shortest else { return }
        remember(secret)
        guard secret.contains(where: \.isNewline) else { return }
        // A short line of a longer secret, a brace for example, is none by itself.
        for line in secret.split(whereSeparator: \.isNewline) where line.count >= 8 { remember(String(line)) }
    }

    private mutating func remember(_ text: String) {
        guard texts.insert(text).inserted else { return }
        needles.insert(text)
    }

    public mutating func formUnion(_ other: Secrets) {
        texts.formUnion(other.texts)
        needles.formUnion(other.needles)
    }

    public func union(_ other: Secrets) -> Secrets {
        var both = self
        both.formUnion(other)
        return both
    }

    public var isEmpty: Bool { texts.isEmpty }

    /// The text with every secret masked, in whatever form it stands there: as it is, inside JSON, URLs, HTML or
    /// quoted program text, in base64 or hexadecimal, wrapped, or cut off at an ellipsis. Where secrets overlap, all
    /// that they cover becomes one mask.
    public func redact(_ text: String) -> String {
        if isEmpty { return text }
        let bytes = Array(text.utf8)
        if bytes.count > Secrets.longest { return pieces(of: bytes).map(masked).joined() }
        return masked(bytes[...])
    }

    /// In bytes, of what is read at once: the readings of a text take several times its room.
    private static let longest = 1 << 20

    /// Whole lines, several of them together.
    private func pieces(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var pieces: [ArraySlice<UInt8>] = []
        var rest = bytes[...]
        while rest.count > Secrets.longest,
            let end = rest.dropFirst(Secrets.longest).firstIndex(of: UInt8(ascii: "\n"))
        {
            pieces.append(rest[...end])
            rest = rest[(end + 1)...]
        }
        return pieces + [rest]
    }

    private func masked(_ piece: ArraySlice<UInt8>) -> String {
        let bytes = Array(piece)
        let covered = needles.ranges(in: bytes).sorted { $0.lowerBound < $1.lowerBound }
        guard !covered.isEmpty else { return String(decoding: bytes, as: UTF8.self) }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var position = 0
        for range in covered {
            if range.lowerBound >= position {
                result += bytes[position..<range.lowerBound]
                // Secrets side by side share a mask too: nothing shows where one ends.
                if position == 0 || range.lowerBound > position { result += Array(Secrets.mask.utf8) }
            }
            position = max(position, range.upperBound)
        }
        return String(decoding: result + bytes[position...], as: UTF8.self)
    }
}
