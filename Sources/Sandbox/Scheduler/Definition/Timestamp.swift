import Glibc

/// An instant in milliseconds since 1970, printed as Marathon prints it: `2015-09-30T09:09:17.614Z`.
struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    let milliseconds: Int64

    init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// Reads the printed form; any other text is nil.
    init?(_ text: some StringProtocol) {
        var time = tm()
        var fraction: Int32 = 0
        let fields = text.split(whereSeparator: { !$0.isNumber }).compactMap { Int32($0) }
        // Years of more digits would be beyond what milliseconds can count.
        guard text.hasSuffix("Z"), fields.count == 7, fields[0] < 10_000 else { return nil }
        (time.tm_year, time.tm_mon, time.tm_mday) = (fields[0] - 1900, fields[1] - 1, fields[2])
        (time.tm_hour, time.tm_min, time.tm_sec) = (fields[3], fields[4], fields[5])
        fraction = fields[6]
        milliseconds = Int64(timegm(&time)) * 1000 + Int64(fraction)
    }

    /// The wall clock, for the shell around the core; the core itself is given the time.
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    func adding(seconds: Double) -> Timestamp {
        Timestamp(milliseconds: milliseconds + Int64(seconds * 1000))
    }

    func seconds(until other: Timestamp) -> Double {
        Double(other.milliseconds - milliseconds) / 1000
    }

    static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    var description: String {
        var seconds = time_t(milliseconds / 1000)
        var time = tm()
        gmtime_r(&seconds, &time)
        func padded(_ value: some BinaryInteger, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let date = "\(padded(time.tm_year + 1900, 4))-\(padded(time.tm_mon + 1, 2))-\(padded(time.tm_mday, 2))"
        let clock = "\(padded(time.tm_hour, 2)):\(padded(time.tm_min, 2)):\(padded(time.tm_sec, 2))"
        return "\(date)T\(clock).\(padded(milliseconds % 1000, 3))Z"
    }
}
