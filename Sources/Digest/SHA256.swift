import CCrypto

/// SHA-256 (FIPS 180-4), computed by the OpenSSL that libcurl brings along.
public enum SHA256 {
    /// The digest of a text's UTF-8 bytes, as 64 lower-case hexadecimal digits.
    public static func hexadecimal(of text: String) -> String { hexadecimal(of: Array(text.utf8)) }

    /// The digest of bytes, as 64 lower-case hexadecimal digits.
    public static func hexadecimal(of bytes: [UInt8]) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        let succeeded = bytes.withUnsafeBytes { buffer in
            // An empty array may have no address; OpenSSL wants one even for no bytes.
            withUnsafeBytes(of: UInt8(0)) { placeholder in
                guard let start = buffer.baseAddress ?? placeholder.baseAddress else { return Int32(0) }
                return rz_sha256(start, buffer.count, &digest)
            }
        }
        precondition(succeeded == 1, "OpenSSL has no SHA-256")
        return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
