/// The byte strings that secrets are found by.
struct Needles: Sendable {
    /// Secrets as they are, looked for in every reading of a text.
    private var plain = ByteStrings()
    /// The same with each run of white space as one space; only those that hold some.
    private var spaced = ByteStrings()
    /// What a secret leaves for certain in base64, wherever it begins: masked with all of the base64 around it.
    private var base64 = ByteStrings()
    private var hexadecimal = ByteStrings()

    mutating func insert(_ text: String) {
        let bytes = Array(text.utf8)
        plain.insert(bytes)
        let spaced = Reading(of: bytes).whiteSpaceJoined?.bytes ?? bytes
        if spaced.contains(32) { self.spaced.insert(spaced) }
        for fragment in EncodedForms.base64(bytes) { base64.insert(fragment) }
        for form in EncodedForms.hexadecimal(bytes) { hexadecimal.insert(form) }
    }

    mutating func formUnion(_ other: Needles) {
        plain.formUnion(other.plain)
        spaced.formUnion(other.spaced)
        base64.formUnion(other.base64)
        hexadecimal.formUnion(other.hexadecimal)
    }

    /// Where secrets stand, in no order; ranges may overlap.
    func ranges(in bytes: [UInt8]) -> [Range<Int>] {
        let text = Reading(of: bytes)
        var ranges = base64.matches(in: bytes).map { EncodedForms.base64Run(around: $0, in: bytes) }
        ranges += hexadecimal.matches(in: bytes)
        for reading in text.deeper {
            ranges += (plain.matches(in: reading.bytes) + plain.cutMatches(in: reading.bytes)).map(reading.source)
            guard !spaced.isEmpty, let joined = reading.whiteSpaceJoined else { continue }
            ranges += spaced.matches(in: joined.bytes).map(joined.source)
        }
        return ranges
    }
}

/// Byte strings by their first byte, so that one walk through a text finds all of them.
private struct ByteStrings: Sendable {
    private var byFirst: [UInt8: Set<[UInt8]>] = [:]

    var isEmpty: Bool { byFirst.isEmpty }

    mutating func insert(_ bytes: [UInt8]) {
        if let first = bytes.first { byFirst[first, default: []].insert(bytes) }
    }

    mutating func formUnion(_ other: ByteStrings) { byFirst.merge(other.byFirst) { $0.union($1) } }

    func matches(in bytes: [UInt8]) -> [Range<Int>] {
        if isEmpty { return [] }
        let isFirst = (UInt8.min...UInt8.max).map { byFirst[$0] != nil }
        return bytes.withUnsafeBufferPointer { bytes in
            var found: [Range<Int>] = []
            for start in bytes.indices where isFirst[Int(bytes[start])] {
                for needle in byFirst[bytes[start]] ?? [] where needle.count <= bytes.count - start {
                    if bytes[start..<start + needle.count].elementsEqual(needle) {
                        found.append(start..<start + needle.count)
                    }
                }
            }
            return found
        }
    }

    /// The first part of one before an ellipsis, and the last part of one behind an ellipsis: a text was cut there.
    /// Parts shorter than the shortest secret stay.
    func cutMatches(in bytes: [UInt8]) -> [Range<Int>] {
        let mark = Array("…".utf8)
        guard !isEmpty, bytes.contains(mark[0]) else { return [] }
        var found: [Range<Int>] = []
        for start in bytes.indices where bytes[start...].starts(with: mark) {
            let end = start + mark.count
            for needle in byFirst.values.joined() where needle.count > Secrets.shortest {
                let lengths = (Secrets.shortest..<needle.count).reversed()
                if let length = lengths.first(where: { bytes[..<start].ends(with: needle.prefix($0)) }) {
                    found.append(start - length..<start)
                }
                if let length = lengths.first(where: { bytes[end...].starts(with: needle.suffix($0)) }) {
                    found.append(end..<end + length)
                }
            }
        }
        return found
    }
}

extension ArraySlice<UInt8> {
    fileprivate func ends(with other: ArraySlice<UInt8>) -> Bool { suffix(other.count).elementsEqual(other) }
}
