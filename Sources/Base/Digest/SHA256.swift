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
        return spell(digest)
    }

    /// A digest over texts that come one after the other, as if they were one.
    public final class Stream {
        private let context: OpaquePointer

        public init() {
            guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
                preconditionFailure("OpenSSL has no SHA-256")
            }
            self.context = context
        }

        deinit { EVP_MD_CTX_free(context) }

        public func update(_ text: String) {
            var text = text
            let succeeded = text.withUTF8 { EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
            precondition(succeeded == 1, "OpenSSL can't go on with a digest")
        }

        /// The digest of all texts so far, as 64 lower-case hexadecimal digits. To be asked for once.
        public func finish() -> String {
            var digest = [UInt8](repeating: 0, count: 32)
            precondition(EVP_DigestFinal_ex(context, &digest, nil) == 1, "OpenSSL can't end a digest")
            return SHA256.spell(digest)
        }
    }

    private static func spell(_ digest: [UInt8]) -> String {
        digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
