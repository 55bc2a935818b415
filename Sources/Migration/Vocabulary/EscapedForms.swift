/// The forms in which a text appears inside JSON and inside URLs.
enum EscapedForms {
    static func of(_ text: String) -> Set<String> {
        [
            text, json(text, slash: "/", escapesAll: false), json(text, slash: "\\/", escapesAll: false),
            json(text, slash: "/", escapesAll: true), json(text, slash: "\\/", escapesAll: true),
            url(text, space: "%20", uppercase: true), url(text, space: "%20", uppercase: false),
            url(text, space: "+", uppercase: true), url(text, space: "+", uppercase: false),
        ]
    }

    /// RFC 8259, section 7. A writer is free to escape slashes, and all that is not ASCII.
    private static func json(_ text: String, slash: String, escapesAll: Bool) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "/": slash
            case "\n": "\\n"
            case "\r": "\\r"
            case "\t": "\\t"
            case "\u{8}": "\\b"
            case "\u{C}": "\\f"
            case _ where scalar.value < 0x20 || (escapesAll && !scalar.isASCII):
                String(scalar).utf16.map { "\\u" + hexadecimal(UInt32($0), width: 4) }.joined()
            default: String(scalar)
            }
        }.joined()
    }

    /// RFC 3986, section 2.3; in forms a space is a plus sign.
    private static func url(_ text: String, space: String, uppercase: Bool) -> String {
        text.utf8.map { byte in
            switch byte {
            case 32: space
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: String(UnicodeScalar(byte))
            default: "%" + hexadecimal(UInt32(byte), width: 2, uppercase: uppercase)
            }
        }.joined()
    }

    private static func hexadecimal(_ number: UInt32, width: Int, uppercase: Bool = false) -> String {
        let digits = String(number, radix: 16, uppercase: uppercase)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
