import CCurl

/// How libcurl reaches the server of a URL when its certificate holds another name than the URL: it is given a URL
/// with that name, and instructed where to connect in its place.
struct ServerRoute {
    /// What libcurl is given.
    let url: String
    /// `NAME:PORT:HOST:PORT`; nil where the URL is taken as it is.
    let connectTo: String?
    /// The URL's own `HOST:PORT`, for the header.
    let host: String

    /// - Parameter name: the server's name; nil for the URL's host.
    init(_ url: String, serverName name: String?) {
        guard let name, let parts = URLParts(url), parts.scheme == "https", parts.host != name,
            let renamed = parts.renamed(name)
        else {
            self.url = url
            connectTo = nil
            host = ""
            return
        }
        self.url = renamed
        connectTo = "\(name):\(parts.port):\(parts.host):\(parts.port)"
        host = parts.port == "443" ? parts.host : "\(parts.host):\(parts.port)"
    }
}

/// A URL taken apart by libcurl (RFC 3986).
struct URLParts {
    let scheme: String
    /// An IPv6 address with brackets.
    let host: String
    let port: String
    /// Whether a user or a password stands in it.
    let hasUserInformation: Bool
    private let url: String

    /// Nil for what is no URL.
    init?(_ url: String) {
        guard let handle = curl_url() else { return nil }
        defer { curl_url_cleanup(handle) }
        guard curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK,
            let scheme = URLParts.part(CURLUPART_SCHEME, of: handle),
            let host = URLParts.part(CURLUPART_HOST, of: handle),
            let port = URLParts.part(CURLUPART_PORT, of: handle, UInt32(CURLU_DEFAULT_PORT))
        else { return nil }
        self.scheme = scheme
        self.host = host
        self.port = port
        hasUserInformation =
            URLParts.part(CURLUPART_USER, of: handle) != nil || URLParts.part(CURLUPART_PASSWORD, of: handle) != nil
        self.url = url
    }

    /// The host as it is compared: in small letters, an IPv6 address without brackets.
    var name: String {
        let host = host.lowercased()
        let bare = host.hasPrefix("[") ? String(host.dropFirst().prefix { $0 != "]" }) : host
        return bare.hasSuffix(".") ? String(bare.dropLast()) : bare
    }

    /// Scheme, host and port, the port only where it is not the scheme's own.
    var origin: String {
        let standard = scheme == "https" ? "443" : "80"
        return "\(scheme)://\(host)" + (port == standard ? "" : ":\(port)")
    }

    /// The same URL with another host.
    func renamed(_ host: String) -> String? {
        URLParts.changed(url) { curl_url_set($0, CURLUPART_HOST, host, 0) }
    }

    /// What a reference in an answer means, seen from this URL (RFC 3986, section 5), with this URL's user and password
    /// and no others.
    func resolving(_ reference: String) -> String? {
        guard let own = curl_url() else { return nil }
        defer { curl_url_cleanup(own) }
        guard curl_url_set(own, CURLUPART_URL, url, 0) == CURLUE_OK else { return nil }
        let (user, password) = (URLParts.part(CURLUPART_USER, of: own), URLParts.part(CURLUPART_PASSWORD, of: own))
        return URLParts.changed(url) { handle in
            let code = curl_url_set(handle, CURLUPART_URL, reference, 0)
            guard code == CURLUE_OK, curl_url_set(handle, CURLUPART_USER, user, 0) == CURLUE_OK else { return code }
            return curl_url_set(handle, CURLUPART_PASSWORD, password, 0)
        }
    }

    private static func changed(_ url: String, _ change: (OpaquePointer) -> CURLUcode) -> String? {
        guard let handle = curl_url() else { return nil }
        defer { curl_url_cleanup(handle) }
        guard curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK, change(handle) == CURLUE_OK else { return nil }
        return part(CURLUPART_URL, of: handle)
    }

    private static func part(_ part: CURLUPart, of handle: OpaquePointer, _ flags: UInt32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}

extension SocketAddress {
    /// The server of a URL; nil for what is no URL.
    public init?(url: String) {
        guard let parts = URLParts(url) else { return nil }
        self.init("tcp:\(parts.host):\(parts.port)")
    }
}
