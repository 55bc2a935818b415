import CCurl

/// Whom to trust, and who calls. By default the system's authorities, and always with verification.
///
/// Certificates and keys are PEM texts, not files: a connection is made with what was read for it, and libcurl keeps
/// the authorities of a *file* for a day, whatever the file holds by then.
public struct TLSOptions: Sendable, Hashable, CustomStringConvertible {
    public var verifiesPeer: Bool
    /// The authorities to trust, and no others; nil: those of the system.
    public var authorities: String?
    /// The client's certificate, with those between it and its authority, and its key.
    public var certificate: String?
    public var key: String?
    /// The name that the server is asked for (SNI) and that its certificate must hold, in the place of the URL's host,
    /// after redirects too.
    public var serverName: String?

    public init(
        verifiesPeer: Bool = true, authorities: String? = nil, certificate: String? = nil, key: String? = nil,
        serverName: String? = nil
    ) {
        self.verifiesPeer = verifiesPeer
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
        self.serverName = serverName
    }

    /// Without the key.
    public var description: String { "TLS options" }

    /// Sets them on an easy handle; false when libcurl refuses one.
    func set(on handle: UnsafeMutableRawPointer) -> Bool {
        func blob(_ option: CURLoption, _ text: String?) -> Bool {
            guard let text else { return true }
            return Array(text.utf8).withUnsafeBytes { bytes in
                bytes.baseAddress.map { rz_curl_set_blob(handle, option, $0, bytes.count) == CURLE_OK } ?? false
            }
        }
        return rz_curl_set_long(handle, CURLOPT_SSL_VERIFYPEER, verifiesPeer ? 1 : 0) == CURLE_OK
            && rz_curl_set_long(handle, CURLOPT_SSL_VERIFYHOST, verifiesPeer ? 2 : 0) == CURLE_OK
            && blob(CURLOPT_CAINFO_BLOB, authorities)
            // These authorities and no others: without a folder of the system's.
            && (authorities == nil || rz_curl_set_pointer(handle, CURLOPT_CAPATH, nil) == CURLE_OK)
            && blob(CURLOPT_SSLCERT_BLOB, certificate) && blob(CURLOPT_SSLKEY_BLOB, key)
    }
}
