import Migration
import Transport

/// How far what rz sends to one color may go: a redirect takes what is confidential to that color's servers only, and a
/// proxy is asked only for what is none of them.
public struct Reach: Sendable {
    private let inventory: Inventory
    private let leaders: Set<String>
    private let proxy: ProxyRules?
    private let resolver: Resolver

    /// - Parameters:
    ///   - inventory: of the color that is called.
    ///   - leaders: hosts that are its servers, too.
    ///   - proxy: what the environment says of one.
    public init(
        _ inventory: Inventory, leaders: [String]? = nil, proxy: ProxyRules? = nil, resolver: @escaping Resolver
    ) {
        self.inventory = inventory
        self.leaders = Set((leaders ?? []).map { $0.lowercased() })
        self.proxy = proxy
        self.resolver = resolver
    }

    /// A request that goes no further.
    ///
    /// - Throws: `Failure` when the proxy's URL refers to a setting that is missing.
    public func bound(_ request: HTTPRequest) throws(Failure) -> HTTPRequest {
        var request = request
        request.mayRedirectTo = { [inventory, leaders] in inventory.isServer($0) || leaders.contains($0) }
        guard let proxy else { return request }
        let url = try resolver(proxy.url)
        request.proxy = { [inventory] in proxy.isUsed(for: $0, inventory: inventory) ? url : nil }
        return request
    }
}
