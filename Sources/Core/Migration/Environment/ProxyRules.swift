/// The proxy through which rz calls what stands in no color, for example a chat's hook or a DC/OS at a public address.
///
/// A server of the inventory and this host itself are always called without it. Variables as `HTTPS_PROXY` name none.
public struct ProxyRules: Codable, Sendable, Hashable {
    /// `http://host:port`; may hold a user and a password by reference.
    public var url: Setting
    /// Patterns of hosts that are called without it; `*` stands for any text.
    public var except: [String]?

    public init(url: Setting, except: [String]? = nil) {
        self.url = url
        self.except = except
    }

    /// Whether a host is called through it.
    ///
    /// - Parameter inventory: the servers of the color that is called.
    public func isUsed(for host: String, inventory: Inventory) -> Bool {
        let host = ServerState.host(of: host)
        return !Loopback.holds(host) && !inventory.isServer(host)
            && !(except ?? []).contains { matchesWildcard(host, pattern: $0.lowercased()) }
    }
}

/// This very host (RFC 1122, section 3.2.1.3; RFC 6761, section 6.3).
public enum Loopback {
    /// Whether a host, as URLs and addresses name one, is it.
    public static func holds(_ host: String) -> Bool {
        let host = ServerState.host(of: host)
        if host == "localhost" || host.hasSuffix(".localhost") || host == "::1" { return true }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
    }
}
