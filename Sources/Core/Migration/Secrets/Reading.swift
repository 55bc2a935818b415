/// The bytes that a text stands for once an encoding is undone, and where in the text each of them stands.
struct Reading: Sendable {
    private(set) var bytes: [UInt8]
    /// Where each byte begins and ends in the text; nil for the text itself.
    private var places: (starts: [Int], ends: [Int])?

    init(of text: [UInt8]) { bytes = text }

    private init(capacity: Int) {
        bytes = []
        bytes.reserveCapacity(capacity)
        places = ([], [])
    }

    func source(_ range: Range<Int>) -> Range<Int> {
        places.map { $0.starts[range.lowerBound]..<$0.ends[range.upperBound - 1] } ?? range
    }

    /// This reading, and those with one or two encodings undone: a value in JSON inside JSON, in a URL inside HTML.
    var deeper: [Reading] {
        var all = [self]
        for reading in once {
            all.append(reading)
            all += reading.once
        }
        return all
    }

    private var once: [Reading] {
        [
            decoded(UInt8(ascii: "\\"), Escape.backslash), decoded(UInt8(ascii: "%"), Escape.percent),
            decoded(UInt8(ascii: "+"), Escape.percentOrPlus), decoded(UInt8(ascii: "&"), Escape.html),
        ].compactMap { $0 }
    }

    /// Each run of white space as one space; nil where nothing changes by that.
    var whiteSpaceJoined: Reading? {
        guard bytes.contains(where: { $0 == 32 || 9...13 ~= $0 }) else { return nil }
        var result = Reading(capacity: bytes.count)
        var position = 0
        while position < bytes.count {
            var end = position
            while end < bytes.count, bytes[end] == 32 || 9...13 ~= bytes[end] { end += 1 }
            if end > position {
                result.append([32], from: position..<end, of: self)
            } else {
                end += 1
                result.append([bytes[position]], from: position..<end, of: self)
            }
            position = end
        }
        return result
    }

    /// Nil for a text without the sign that escapes.
    private func decoded(_ sign: UInt8, _ escape: (ArraySlice<UInt8>) -> Escape?) -> Reading? {
        guard bytes.contains(sign) else { return nil }
        var result = Reading(capacity: bytes.count)
        var position = 0
        while position < bytes.count {
            if let found = escape(bytes[position...]) {
                result.append(found.bytes, from: position..<position + found.length, of: self)
                position += found.length
            } else {
                result.append([bytes[position]], from: position..<position + 1, of: self)
                position += 1
            }
        }
        return result
    }

    private mutating func append(_ new: [UInt8], from range: Range<Int>, of text: Reading) {
        let source = text.source(range)
        for byte in new {
            bytes.append(byte)
            places?.starts.append(source.lowerBound)
            places?.ends.append(source.upperBound)
        }
    }
}

/// An escape at the beginning of a text: what it stands for, and how long it is there.
struct Escape {
    var bytes: [UInt8]
    var length: Int

    private init(_ bytes: [UInt8], _ length: Int) {
        self.bytes = bytes
        self.length = length
    }

    private init?(scalar value: UInt32, _ length: Int) {
        guard let scalar = Unicode.Scalar(value) else { return nil }
        self.init(Array(String(scalar).utf8), length)
    }

    /// JSON (RFC 8259, section 7), and what Python, Go and Terraform add to it: `\'`, `\xNN`, `\UNNNNNNNN`.
    static func backslash(_ text: ArraySlice<UInt8>) -> Escape? {
        guard text.first == UInt8(ascii: "\\"), let kind = text.dropFirst().first else { return nil }
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Escape([kind], 2)
        case UInt8(ascii: "n"): return Escape([10], 2)
        case UInt8(ascii: "r"): return Escape([13], 2)
        case UInt8(ascii: "t"): return Escape([9], 2)
        case UInt8(ascii: "b"): return Escape([8], 2)
        case UInt8(ascii: "f"): return Escape([12], 2)
        case UInt8(ascii: "x"): return number(text, from: 2, digits: 2).map { Escape([UInt8($0)], 4) }
        case UInt8(ascii: "U"): return number(text, from: 2, digits: 8).flatMap { Escape(scalar: $0, 10) }
        case UInt8(ascii: "u"): return utf16(text)
        default: return nil
        }
    }

    private static func utf16(_ text: ArraySlice<UInt8>) -> Escape? {
        guard let unit = number(text, from: 2, digits: 4) else { return nil }
        guard 0xD800..<0xDC00 ~= unit else { return Escape(scalar: unit, 6) }
        guard text.dropFirst(6).starts(with: Array(#"\u"#.utf8)), let low = number(text, from: 8, digits: 4),
            0xDC00..<0xE000 ~= low
        else { return nil }
        return Escape(scalar: 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00), 12)
    }

    /// RFC 3986, section 2.1; any byte may be written so.
    static func percent(_ text: ArraySlice<UInt8>) -> Escape? {
        guard text.first == UInt8(ascii: "%") else { return nil }
        return number(text, from: 1, digits: 2).map { Escape([UInt8($0)], 3) }
    }

    /// In forms a space is a plus sign.
    static func percentOrPlus(_ text: ArraySlice<UInt8>) -> Escape? {
        text.first == UInt8(ascii: "+") ? Escape([32], 1) : percent(text)
    }

    /// `&quot;`, `&#39;`, `&#x27;`
    static func html(_ text: ArraySlice<UInt8>) -> Escape? {
        guard text.first == UInt8(ascii: "&"), let end = text.prefix(12).firstIndex(of: UInt8(ascii: ";")) else {
            return nil
        }
        let name = String(decoding: text[(text.startIndex + 1)..<end], as: UTF8.self)
        let length = end - text.startIndex + 1
        if let named = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'"][name] {
            return Escape(Array(named.utf8), length)
        }
        guard name.first == "#" else { return nil }
        let isHexadecimal = name.dropFirst().first == "x" || name.dropFirst().first == "X"
        let digits = name.dropFirst(isHexadecimal ? 2 : 1)
        return UInt32(digits, radix: isHexadecimal ? 16 : 10).flatMap { Escape(scalar: $0, length) }
    }

    private static func number(_ text: ArraySlice<UInt8>, from offset: Int, digits count: Int) -> UInt32? {
        let digits = text.dropFirst(offset).prefix(count)
        guard digits.count == count else { return nil }
        var value: UInt32 = 0
        for digit in digits {
            switch digit {
            case 48...57: value = value << 4 | UInt32(digit - 48)
            case 65...70: value = value << 4 | UInt32(digit - 55)
            case 97...102: value = value << 4 | UInt32(digit - 87)
            default: return nil
            }
        }
        return value
    }
}
