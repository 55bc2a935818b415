/// Takes apart a stream of records as Mesos sends them: each after its length in bytes, as decimal digits, and a line
/// feed (RecordIO).
///
/// Source: Apache Mesos 1.11, docs/recordio.
public struct RecordParser: Sendable {
    /// What is wrong with a stream that holds no records.
    public struct Malformed: Error, Sendable, Hashable, CustomStringConvertible {
        public let description: String
    }

    private var length: Int?
    private var digits: [UInt8] = []
    private var record: [UInt8] = []
    private let maximum: Int

    /// - Parameter maximum: bytes of one record; a longer one is an error.
    public init(maximum: Int = 256 << 20) { self.maximum = maximum }

    /// Takes the next bytes, and gives the records that they complete.
    public mutating func take(_ bytes: [UInt8]) throws(Malformed) -> [[UInt8]] {
        var records: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let length else {
                try takeDigit(rest.removeFirst())
                continue
            }
            let part = rest.prefix(length - record.count)
            record += part
            rest = rest.dropFirst(part.count)
            if record.count == length {
                records.append(record)
                record = []
                self.length = nil
            }
        }
        return records
    }

    private mutating func takeDigit(_ byte: UInt8) throws(Malformed) {
        if (48...57).contains(byte), digits.count < 10 {
            digits.append(byte)
            return
        }
        guard byte == 10, let number = Int(String(decoding: digits, as: UTF8.self)), number <= maximum else {
            throw Malformed(description: "the stream holds no records of at most \(maximum) bytes")
        }
        digits = []
        length = number == 0 ? nil : number
    }
}
