/// Where a stream socket listens.
public enum SocketAddress: Sendable, Hashable, CustomStringConvertible {
    case unix(path: String)
    /// `host` is a name or an address; an IPv6 address without brackets.
    case tcp(host: String, port: Int)

    /// Reads `unix:/path`, `tcp:host:port` or `tcp:[::1]:port`; nil for anything else.
    public init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard !path.isEmpty else { return nil }
            self = .unix(path: path)
        } else if text.hasPrefix("tcp:") {
            let rest = text.dropFirst(4)
            guard let colon = rest.lastIndex(of: ":"), let port = Int(rest[rest.index(after: colon)...]),
                (1...65_535).contains(port)
            else { return nil }
            let host = rest[..<colon].filter { $0 != "[" && $0 != "]" }
            guard !host.isEmpty else { return nil }
            self = .tcp(host: String(host), port: port)
        } else {
            return nil
        }
    }

    public var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port): "tcp:\(host.contains(":") ? "[\(host)]" : host):\(port)"
        }
    }
}

extension SocketAddress {
    /// For people and for TCP: the address without its kind.
    public var hostAndPort: String {
        switch self {
        case .unix(let path): path
        case .tcp(let host, let port): "\(host.contains(":") ? "[\(host)]" : host):\(port)"
        }
    }
}
