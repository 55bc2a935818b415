import Migration
import Transport

extension HTTPResponse {
    /// What the server's clock said when it answered (RFC 9110, section 6.6.1): `Sun, 06 Nov 1994 08:49:37 GMT`.
    var serverTime: Instant? {
        let words = (headers["Date"] ?? "").split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int64(words[1]), let year = Int64(words[3]),
            let month = HTTPResponse.months.firstIndex(of: String(words[2]))
        else { return nil }
        let clock = words[4].split(separator: ":").compactMap { Int64($0) }
        guard clock.count == 3, (1...31).contains(day) else { return nil }
        let days = Instant.days(year: year, month: Int64(month + 1), day: day)
        return Instant(milliseconds: (((days * 24 + clock[0]) * 60 + clock[1]) * 60 + clock[2]) * 1000)
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
