import CCurl
import FoundationEssentials
import Glibc

/// What a server's certificate says of itself (RFC 5280).
public struct PeerCertificate: Sendable, Hashable {
    public var subject: String
    public var issuer: String
    /// Names and addresses that it is for.
    public var names: [String]
    public var begins: Date
    public var ends: Date

    public init(subject: String, issuer: String, names: [String], begins: Date, ends: Date) {
        self.subject = subject
        self.issuer = issuer
        self.names = names
        self.begins = begins
        self.ends = ends
    }

    /// The server's certificate and those that it sent along, after a handshake.
    static func chain(of handle: UnsafeMutableRawPointer) -> [PeerCertificate] {
        guard let info = rz_curl_get_certificates(handle)?.pointee, let lists = info.certinfo else { return [] }
        return (0..<Int(info.num_of_certs)).compactMap { index in
            var fields: [String: String] = [:]
            var entry = lists[index]
            while let line = entry?.pointee {
                let text = line.data.map { String(cString: $0) } ?? ""
                let name = text.prefix { $0 != ":" }
                if fields[String(name)] == nil { fields[String(name)] = String(text.dropFirst(name.count + 1)) }
                entry = line.next
            }
            return PeerCertificate(fields)
        }
    }

    /// - Parameter fields: as libcurl names them.
    private init?(_ fields: [String: String]) {
        guard let begins = fields["Start date"].flatMap(PeerCertificate.date),
            let ends = fields["Expire date"].flatMap(PeerCertificate.date)
        else { return nil }
        let subject = fields["Subject"] ?? ""
        let alternatives = (fields["X509v3 Subject Alternative Name"] ?? "").split(separator: ",").compactMap { part in
            let halves = part.split(separator: ":", maxSplits: 1)
            return halves.count == 2 ? halves[1].trimmed : nil
        }
        self.init(
            subject: subject, issuer: fields["Issuer"] ?? "",
            names: alternatives.isEmpty ? PeerCertificate.commonName(subject) : alternatives, begins: begins, ends: ends
        )
    }

    /// `C = DE, CN = master-1`.
    private static func commonName(_ subject: String) -> [String] {
        subject.split(separator: ",").compactMap { part in
            let halves = part.split(separator: "=", maxSplits: 1).map { $0.trimmed }
            return halves.count == 2 && halves[0] == "CN" ? halves[1] : nil
        }
    }

    /// `Nov  8 10:00:00 2027 GMT`.
    private static func date(_ text: String) -> Date? {
        let words = text.split(separator: " ")
        let clock = words.count == 5 ? words[2].split(separator: ":").compactMap { Int($0) } : []
        guard clock.count == 3, let month = months.firstIndex(of: String(words[0])), let day = Int(words[1]),
            let year = Int(words[3])
        else { return nil }
        return DateComponents(
            calendar: Calendar(identifier: .gregorian), timeZone: .gmt, year: year, month: month + 1, day: day,
            hour: clock[0], minute: clock[1], second: clock[2]
        ).date
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
