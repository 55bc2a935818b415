import CCurl
import FoundationEssentials
import Glibc

/// Why no TLS connection came about.
public struct TLSFault: Sendable, Hashable {
    public enum Cause: Sendable, Hashable {
        case expired, notYetValid, selfSigned, unknownAuthority, wrongName
        /// The server demands a certificate of the client, or does not take the one it was shown.
        case clientCertificate
        /// The server does not speak TLS.
        case noTLS
        /// The authorities, the client's certificate or its key can't be read as PEM, or don't belong together.
        case ownFiles
        case other
    }

    public var cause: Cause
    /// `host:port`, after redirects.
    public var server: String
    /// What the certificate had to hold.
    public var name: String
    /// What the server showed, or the one of its chain that is the cause; nil where it could not be seen.
    public var certificate: PeerCertificate?

    public init(cause: Cause, server: String, name: String, certificate: PeerCertificate? = nil) {
        self.cause = cause
        self.server = server
        self.name = name
        self.certificate = certificate
    }

    /// Whether looking at the server's certificate shows more.
    var isOfCertificate: Bool {
        switch cause {
        case .expired, .notYetValid, .selfSigned, .unknownAuthority, .wrongName: true
        default: false
        }
    }
}

extension TLSFault.Cause {
    /// - Parameters:
    ///   - verification: OpenSSL's number for what the check of the certificates found (`X509_V_ERR_…`).
    ///   - details: what libcurl wrote into its error buffer.
    init(_ code: CURLcode, verification: Int, _ details: String) {
        switch code {
        case CURLE_PEER_FAILED_VERIFICATION:
            switch verification {
            case 9: self = .notYetValid
            case 10: self = .expired
            case 18: self = .selfSigned
            case 2, 19, 20, 21: self = .unknownAuthority
            case 0, 1, 62, 64: self = .wrongName
            default: self = .other
            }
        case CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE: self = .ownFiles
        case CURLE_SSL_CONNECT_ERROR where details.contains("wrong version number"): self = .noTLS
        default: self = details.contains(" alert ") ? .clientCertificate : .other
        }
    }
}

extension TransportError {
    /// The same, with what the server's certificate says: looked at on a connection that verifies and sends nothing.
    func diagnosed(_ options: TLSOptions) async -> TransportError {
        guard var fault = tls, fault.isOfCertificate, let address = SocketAddress("tcp:" + fault.server) else {
            return self
        }
        let look = TLSOptions(verifiesPeer: false, serverName: options.serverName)
        guard let socket = try? await TLSSocket.connect(to: address, tls: look, deadline: .seconds(3)) else {
            return self
        }
        socket.close()
        let now = Date()
        let guilty: PeerCertificate? =
            switch fault.cause {
            case .expired: socket.certificates.first { $0.ends < now }
            case .notYetValid: socket.certificates.first { $0.begins > now }
            default: nil
            }
        fault.certificate = guilty ?? socket.certificates.first
        var diagnosed = self
        diagnosed.tls = fault
        return diagnosed
    }
}
