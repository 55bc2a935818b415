/// Makes bad input out of good: a few small wounds to a real sample. The same seed makes the same inputs.
struct Mutator {
    private let samples: [[UInt8]]
    private let tokens: [[UInt8]]
    private var random: SeededGenerator

    /// What is longer is cut: the runs are many, and what only size can break has tests of its own.
    private static let longest = 32 << 10

    init(samples: [[UInt8]], tokens: [String], seed: UInt64) {
        self.samples = samples.map { Array($0.prefix(Mutator.longest)) }
        self.tokens = (tokens + Mutator.edges).map { Array($0.utf8) }
        random = SeededGenerator(seed: seed)
    }

    mutating func next() -> [UInt8] {
        var bytes = samples.randomElement(using: &random) ?? []
        // Mostly one wound: after many of them nothing gets past the first check.
        for _ in 0..<(1 << Int.random(in: 0...3, using: &random)) { wound(&bytes) }
        return Array(bytes.prefix(Mutator.longest))
    }

    // MARK: - The wounds

    private mutating func wound(_ bytes: inout [UInt8]) {
        switch Int.random(in: 0..<12, using: &random) {
        case 0: flip(&bytes)
        case 1: bytes.insert(UInt8.random(in: .min ... .max, using: &random), at: position(in: bytes))
        case 2: bytes.removeSubrange(chunk(of: bytes, upTo: 1))
        case 3: bytes.removeSubrange(chunk(of: bytes, upTo: 64))
        case 4: duplicate(&bytes)
        case 5: exchange(&bytes)
        case 6, 7: renumber(&bytes)
        case 8, 9: insertToken(&bytes)
        case 10: bytes = Array(bytes.prefix(position(in: bytes)))
        default: splice(&bytes)
        }
    }

    private mutating func flip(_ bytes: inout [UInt8]) {
        guard let index = bytes.indices.randomElement(using: &random) else { return }
        bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    }

    private mutating func duplicate(_ bytes: inout [UInt8]) {
        let piece = Array(bytes[chunk(of: bytes, upTo: 64)])
        let times = Int.random(in: 0..<8, using: &random) == 0 ? 40 : 1
        let place = position(in: bytes)
        bytes.insert(contentsOf: (0..<times).flatMap { _ in piece }, at: place)
    }

    private mutating func exchange(_ bytes: inout [UInt8]) {
        let from = chunk(of: bytes, upTo: 32)
        let piece = Array(bytes[from])
        bytes.removeSubrange(from)
        bytes.insert(contentsOf: piece, at: position(in: bytes))
    }

    /// One number of the text becomes one at the edge of what numbers can be.
    private mutating func renumber(_ bytes: inout [UInt8]) {
        guard let start = bytes.indices.filter({ isDigit(bytes[$0]) }).randomElement(using: &random) else { return }
        var first = start
        while first > 0, isDigit(bytes[first - 1]) { first -= 1 }
        var end = start
        while end < bytes.count, isDigit(bytes[end]) { end += 1 }
        let number = Mutator.numbers.randomElement(using: &random) ?? "0"
        bytes.replaceSubrange(first..<end, with: Array(number.utf8))
    }

    private mutating func insertToken(_ bytes: inout [UInt8]) {
        bytes.insert(contentsOf: tokens.randomElement(using: &random) ?? [], at: position(in: bytes))
    }

    /// The head of this sample and the tail of another.
    private mutating func splice(_ bytes: inout [UInt8]) {
        let other = samples.randomElement(using: &random) ?? []
        bytes = bytes.prefix(position(in: bytes)) + other.suffix(position(in: other))
    }

    // MARK: - Places

    private mutating func position(in bytes: [UInt8]) -> Int { Int.random(in: 0...bytes.count, using: &random) }

    private mutating func chunk(of bytes: [UInt8], upTo length: Int) -> Range<Int> {
        let start = position(in: bytes)
        return start..<min(bytes.count, start + Int.random(in: 1...length, using: &random))
    }

    private func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    private static let numbers = [
        "0", "-1", "1", "255", "256", "257", "65535", "65536", "2147483647", "2147483648", "4294967295", "4294967296",
        "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
        "18446744073709551615", "18446744073709551616", "1e308", "1e400", "-0", "0.1", "1e-400", "NaN", "00", "١٢",
        "99999999999999999999999999999999999999999999",
    ]
    private static let edges = [
        "\0", "\n", "\r\n", "\n\n", " ", "\t", "\"", "'", "\\", "{", "}", "[", "]", ":", ",", ";", "=", "%", "*", "-",
        "\u{FEFF}", "\u{301}", "\u{2028}", "👩‍👩‍👧", "null", "true",
    ]
}
