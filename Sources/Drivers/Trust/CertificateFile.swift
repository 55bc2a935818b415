import FoundationEssentials
import Migration

/// The certificates of a PEM text, as far as their ends.
///
/// Sources: RFC 7468 (PEM), RFC 5280, section 4.1 (Certificate, Validity), X.690, section 8.1 (tags and lengths).
enum CertificateFile {
    /// When each ends, in the order of the text; nil for one that can't be read.
    static func ends(_ pem: String) -> [Instant?] {
        pem.split(separator: "-----BEGIN CERTIFICATE-----").dropFirst(
            pem.hasPrefix("-----BEGIN CERTIFICATE-----") ? 0 : 1
        ).map { part in
            guard let end = part.firstRange(of: "-----END CERTIFICATE-----"),
                let bytes = Data(base64Encoded: String(part[..<end.lowerBound]), options: .ignoreUnknownCharacters)
            else { return nil }
            return CertificateFile.end(Array(bytes))
        }
    }

    /// Certificate ::= SEQUENCE { tbsCertificate SEQUENCE { [0] version OPTIONAL, serial, algorithm, issuer, validity
    /// SEQUENCE { notBefore, notAfter }, … }, … }
    private static func end(_ bytes: [UInt8]) -> Instant? {
        var certificate = DERReader(bytes[...])
        guard var body = certificate.next().flatMap({ $0.tag == 0x30 ? DERReader($0.content) : nil }),
            var fields = body.next().flatMap({ $0.tag == 0x30 ? DERReader($0.content) : nil }),
            var field = fields.next()
        else { return nil }
        // Before the validity: perhaps the version, then serial number, algorithm and issuer.
        for _ in 0..<(field.tag == 0xA0 ? 4 : 3) {
            guard let following = fields.next() else { return nil }
            field = following
        }
        var validity = DERReader(field.content)
        guard field.tag == 0x30, validity.next() != nil, let time = validity.next() else { return nil }
        return instant(String(decoding: time.content, as: UTF8.self), isGeneral: time.tag == 0x18)
    }

    /// UTCTime `YYMMDDHHMMSSZ`, whose years 50 to 99 are of the last century, or GeneralizedTime `YYYYMMDDHHMMSSZ`.
    private static func instant(_ text: String, isGeneral: Bool) -> Instant? {
        var digits = text
        if !isGeneral { digits = (text.prefix(2) >= "50" ? "19" : "20") + digits }
        guard digits.utf8.count == 15, digits.hasSuffix("Z") else { return nil }
        let parts = [4, 2, 2, 2, 2, 2].reduce(into: (rest: digits[...], found: [Substring]())) { state, count in
            state.found.append(state.rest.prefix(count))
            state.rest = state.rest.dropFirst(count)
        }.found
        return Instant("\(parts[0])-\(parts[1])-\(parts[2])T\(parts[3]):\(parts[4]):\(parts[5]).000Z")
    }
}

/// The values of a DER text, one after the other.
private struct DERReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// Nil at the end, and for what is cut off.
    mutating func next() -> (tag: UInt8, content: ArraySlice<UInt8>)? {
        guard rest.count >= 2, let tag = rest.popFirst(), let first = rest.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            let count = Int(first & 0x7f)
            guard (1...4).contains(count), rest.count >= count else { return nil }
            length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(count)
        }
        guard rest.count >= length else { return nil }
        defer { rest = rest.dropFirst(length) }
        return (tag, rest.prefix(length))
    }
}
