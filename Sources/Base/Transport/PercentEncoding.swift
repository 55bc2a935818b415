extension String {
    /// The text where a URL or a form wants it as it is: all but unreserved characters as `%` and two digits
    /// (RFC 3986, sections 2.1 and 2.3).
    public var percentEncoded: String {
        utf8.reduce(into: "") { text, byte in
            if String.unreserved.contains(byte) {
                text.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                text += byte < 16 ? "%0" : "%"
                text += String(byte, radix: 16, uppercase: true)
            }
        }
    }

    private static let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
}
