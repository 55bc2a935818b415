import CCurl

/// Why a request got no answer. Holds no credentials: user info and query values are cut out of the URL.
public struct TransportError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: Sendable, Hashable {
        case refused, timedOut, cancelled, nameResolution, tls, connectionLost, tooLarge, malformed, redirect, other
    }

    public var kind: Kind
    /// What was asked: method and URL, or the address of a socket.
    public var target: String
    public var message: String
    /// Whether the request may have reached the server, so that its effect is unknown.
    public var effectIsUnknown: Bool
    /// What was wrong, where `kind` is `.tls`.
    public var tls: TLSFault?
    /// Why it is not followed, where `kind` is `.redirect`.
    public var redirect: RedirectFault?

    public init(_ kind: Kind, target: String, message: String, effectIsUnknown: Bool = false) {
        self.kind = kind
        self.target = target
        self.message = message
        self.effectIsUnknown = effectIsUnknown
    }

    public var description: String { "\(target): \(message)" }

    /// Whether the same request may well succeed a moment later.
    public var isTransient: Bool {
        switch kind {
        case .refused, .timedOut, .connectionLost: true
        default: false
        }
    }
}

extension TransportError {
    /// - Parameters:
    ///   - details: what libcurl wrote into its error buffer.
    ///   - wasSent: whether a part of the request was.
    ///   - verification: what the check of the server's certificates found.
    init(
        _ code: CURLcode, _ request: HTTPRequest, _ details: String, wasSent: Bool, verification: Int = 0
    ) {
        let kind: Kind =
            switch code {
            // With TLS 1.3 a server refuses a client's certificate after the client has begun to send.
            case CURLE_RECV_ERROR where details.contains(" alert "), CURLE_SEND_ERROR where details.contains(" alert "):
                .tls
            // The server does not speak HTTP.
            case CURLE_UNSUPPORTED_PROTOCOL where details.contains("HTTP/0.9"): .other
            case CURLE_COULDNT_CONNECT: .refused
            case CURLE_OPERATION_TIMEDOUT: .timedOut
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .nameResolution
            case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM,
                CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH:
                .tls
            case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE, CURLE_HTTP2,
                CURLE_HTTP2_STREAM:
                .connectionLost
            case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_FAILED_INIT: .malformed
            case CURLE_FILESIZE_EXCEEDED: .tooLarge
            default: .other
            }
        let text = details.isEmpty ? String(cString: curl_easy_strerror(code)) : details
        self.init(
            kind, target: "\(request.method) \(shown(request.url))",
            message: code == CURLE_FAILED_INIT ? "a header or an option can't be sent as it is" : text,
            effectIsUnknown: wasSent && !TransportError.precedesRequest(kind) && !request.isSafe)
        if kind == .tls, let parts = URLParts(request.url) {
            tls = TLSFault(
                cause: TLSFault.Cause(code, verification: verification, details),
                server: "\(parts.host):\(parts.port)", name: request.tls.serverName ?? parts.host)
        }
    }

    /// Whether a failure of this kind comes before a server can act on a request.
    private static func precedesRequest(_ kind: Kind) -> Bool {
        switch kind {
        case .refused, .nameResolution, .malformed, .tls, .redirect: true
        case .timedOut, .cancelled, .connectionLost, .tooLarge, .other: false
        }
    }

    init(cancelled request: HTTPRequest) {
        self.init(
            .cancelled, target: "\(request.method) \(shown(request.url))", message: "the request was cancelled",
            effectIsUnknown: !request.isSafe)
    }
}

/// A URL fit for messages: without user info, and with the names of its query only.
func shown(_ url: String) -> String {
    var text = Substring(url)
    if let scheme = text.range(of: "://") {
        let rest = text[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        if let at = authority.lastIndex(of: "@") {
            text = text[..<scheme.upperBound] + rest[rest.index(after: at)...]
        }
    }
    guard let question = text.firstIndex(of: "?") else { return String(text) }
    let names = text[text.index(after: question)...].split(separator: "&").map { pair in
        pair.contains("=") ? pair.prefix { $0 != "=" } + "=…" : pair
    }
    return text[..<question] + "?" + names.joined(separator: "&")
}

extension HTTPRequest {
    /// Its URL, fit for messages: without user info, and with the names of its query only.
    public var shownURL: String { shown(url) }
}

extension Substring {
    fileprivate func range(of mark: String) -> Range<Index>? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(mark) { return index..<self.index(index, offsetBy: mark.count) }
            index = self.index(after: index)
        }
        return nil
    }
}
