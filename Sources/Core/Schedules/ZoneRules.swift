import Glibc
import Migration

/// What clocks show in a time zone, as the system's tz database has it (RFC 9636; tzfile(5)).
///
/// Foundation's own `TimeZone` knows names only together with ICU, which is three times as large as rz.
public struct ZoneRules: Sendable, Hashable {
    /// From then on clocks are `offset` seconds ahead of UTC.
    struct Change: Sendable, Hashable {
        var second: Int64
        var offset: Int
    }

    public static let utc = ZoneRules(changes: [], first: 0, rule: nil)

    /// Oldest first.
    private let changes: [Change]
    /// Before the first change, in seconds ahead of UTC.
    private let first: Int
    /// What holds after the last change.
    private let rule: YearlyRule?

    private init(changes: [Change], first: Int, rule: YearlyRule?) {
        (self.changes, self.first, self.rule) = (changes, first, rule)
    }

    /// Nil for a name that the tz database does not have: `Europe/Berlin`, `UTC`, `GMT+2` (two hours ahead).
    public init?(name: String) {
        if let offset = ZoneRules.fixedOffset(name) {
            self.init(changes: [], first: offset, rule: nil)
        } else if let file = ZoneRules.file(name), let rules = ZoneRules(file: file) {
            self = rules
        } else {
            return nil
        }
    }

    /// Seconds that clocks are ahead of UTC.
    func offset(at second: Int64) -> Int {
        guard let last = changes.last, second < last.second else {
            return rule?.offset(at: second) ?? changes.last?.offset ?? first
        }
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].second <= second { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? first : changes[low - 1].offset
    }

    /// `UTC`, `GMT+2`, `UTC-03:30`.
    private static func fixedOffset(_ name: String) -> Int? {
        guard let prefix = ["UTC", "GMT"].first(where: name.hasPrefix) else { return name == "Z" ? 0 : nil }
        let rest = name.dropFirst(prefix.count)
        guard let sign = rest.first else { return 0 }
        let parts = rest.dropFirst().split(separator: ":", omittingEmptySubsequences: false).map { UInt($0) }
        guard sign == "+" || sign == "-", (1...2).contains(parts.count), let hours = parts[0], hours <= 18,
            let minutes = parts.count == 2 ? parts[1] : 0, minutes < 60
        else { return nil }
        return (sign == "-" ? -1 : 1) * Int(hours * 3600 + minutes * 60)
    }

    // MARK: - The database

    private static let database = "/usr/share/zoneinfo"

    /// Asked before schedules are read: without the database every name would be unknown.
    public static func requireDatabase() throws(Failure) {
        guard access(database, R_OK | X_OK) != 0 else { return }
        throw Failure(
            "This system knows no time zones, which jobs are scheduled by", at: database,
            advice: "Install them: apt-get install tzdata.", kind: .refused)
    }

    private static func file(_ name: String) -> [UInt8]? {
        let isName = name.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "+-_/".utf8.contains(byte)
        }
        guard isName, !name.isEmpty, !name.hasPrefix("/") else { return nil }
        let file = open("\(database)/\(name)", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        // The largest of them have less than 4 KiB.
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = read(file, &bytes, bytes.count)
        return count > 0 ? Array(bytes.prefix(count)) : nil
    }

    /// Nil for what is no file of version 2 or later.
    init?(file: [UInt8]) {
        var reader = Reader(bytes: file)
        guard let old = reader.header(), old.version >= 2 else { return nil }
        reader.skip(old.length(timeSize: 4))
        guard let counts = reader.header(), let seconds = reader.integers(counts.times, size: 8),
            let kinds = reader.integers(counts.times, size: 1)
        else { return nil }
        var offsets: [Int] = []
        for _ in 0..<counts.types {
            guard let offset = reader.integer(4), reader.integer(2) != nil else { return nil }
            offsets.append(Int(offset))
        }
        reader.skip(counts.characters + counts.leaps * 12 + counts.standards + counts.universals)
        guard let footer = reader.line(), !offsets.isEmpty, kinds.allSatisfy({ offsets.indices.contains(Int($0)) })
        else { return nil }
        let rule = footer.isEmpty ? nil : YearlyRule(footer)
        guard footer.isEmpty || rule != nil else { return nil }
        self.init(
            changes: zip(seconds, kinds).map { Change(second: $0, offset: offsets[Int($1)]) }, first: offsets[0],
            rule: rule)
    }

    /// RFC 9636, section 3.
    private struct Reader {
        struct Header {
            let version: Int
            let universals, standards, leaps, times, types, characters: Int

            func length(timeSize: Int) -> Int {
                times * (timeSize + 1) + types * 6 + characters + leaps * (timeSize + 4) + standards + universals
            }
        }

        let bytes: [UInt8]
        private var place = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func header() -> Header? {
            guard bytes.dropFirst(place).starts(with: "TZif".utf8), place + 44 <= bytes.count else { return nil }
            let version = Int(bytes[place + 4]) - 48
            place += 20
            guard let counts = integers(6, size: 4)?.map(Int.init), counts.allSatisfy({ $0 >= 0 }) else { return nil }
            return Header(
                version: version, universals: counts[0], standards: counts[1], leaps: counts[2], times: counts[3],
                types: counts[4], characters: counts[5])
        }

        mutating func skip(_ count: Int) { place += count }

        /// Big-endian, with a sign from four bytes on.
        mutating func integer(_ size: Int) -> Int64? {
            guard place + size <= bytes.count else { return nil }
            let bits = bytes[place..<place + size].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            place += size
            return size == 4 ? Int64(Int32(truncatingIfNeeded: bits)) : Int64(bitPattern: bits)
        }

        mutating func integers(_ count: Int, size: Int) -> [Int64]? {
            var numbers: [Int64] = []
            for _ in 0..<count {
                guard let number = integer(size) else { return nil }
                numbers.append(number)
            }
            return numbers
        }

        /// Between two ends of lines.
        mutating func line() -> Substring? {
            guard place < bytes.count, bytes[place] == 10 else { return nil }
            let rest = bytes[(place + 1)...]
            guard let end = rest.firstIndex(of: 10) else { return nil }
            return Substring(String(decoding: rest[..<end], as: UTF8.self))
        }
    }
}
