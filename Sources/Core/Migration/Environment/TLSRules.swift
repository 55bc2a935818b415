/// Whom rz trusts where it calls over TLS, and how it shows who calls. Certificates are verified unless `insecure` says
/// why not.
public struct TLSRules: Codable, Sendable, Hashable {
    /// The client's certificate, for servers that demand one.
    public struct ClientCertificate: Codable, Sendable, Hashable {
        /// A file, PEM, as `TLSRules.authorities`.
        public var certificate: Setting
        /// A reference to the key's PEM text, never the key.
        public var key: Setting

        public init(certificate: Setting, key: Setting) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// A file with the authorities to trust, PEM, relative to the environment's folder; nil for those of the system.
    /// May hold `{{ … }}`: each color may have its own.
    public var authorities: Setting?
    public var clientCertificate: ClientCertificate?
    /// The name that the server's certificate must hold, instead of the URL's host; may hold `{{ … }}`.
    public var serverName: Setting?
    /// Why certificates are not verified; nil where they are.
    public var insecure: String?

    public init(
        authorities: Setting? = nil, clientCertificate: ClientCertificate? = nil, serverName: Setting? = nil,
        insecure: String? = nil
    ) {
        self.authorities = authorities
        self.clientCertificate = clientCertificate
        self.serverName = serverName
        self.insecure = insecure
    }

    /// These rules, and where they say nothing, those of the whole environment.
    public func filled(from standard: TLSRules?) -> TLSRules {
        guard let standard else { return self }
        // Both say how a certificate is judged, so one of them takes the other's place.
        let judges = authorities != nil || insecure != nil
        return TLSRules(
            authorities: judges ? authorities : standard.authorities,
            clientCertificate: clientCertificate ?? standard.clientCertificate,
            serverName: serverName ?? standard.serverName, insecure: judges ? insecure : standard.insecure)
    }
}
