import ALBTesting
import LoadBalancing
import Migration
import Transport

/// An Application Load Balancer whose API is moto's: its users are served by a stand-in that follows what moto holds, as
/// moto serves none.
struct ALBConformance: ConformanceLab {
    let alb: StandInALB
    let servers: ColorServers
    let rule = TrafficRule(backend: "shop", servers: [.blue: "shop-blue/*", .green: "shop-green/*"])
    let absent = TrafficRule(backend: "nowhere", servers: [.blue: "shop-blue/*", .green: "shop-green/*"])

    static func with(
        _ servers: ColorServers, stickiness: Int = 0, isDefault: Bool = false, extra: [String] = [],
        token: String? = nil, denied: [String] = [], groups: [StandInALB.Group] = [],
        attributes: [String: String] = [:],
        _ body: (ALBConformance) async throws -> Void
    ) async throws {
        let colors = Color.allCases.map { color in
            StandInALB.Group(
                "shop-\(color)", servers.addresses(color).map(\.address), weight: color == .blue ? 100 : 0,
                attributes: attributes)
        }
        let alb = try await StandInALB(
            colors + groups, stickiness: stickiness, isDefault: isDefault, extra: extra, token: token, denied: denied)
        defer { alb.stop() }
        let lab = ALBConformance(alb: alb, servers: servers)
        try await body(lab)
    }

    func driver(_ owner: EpochOwner) -> any LoadBalancer { own(owner) }

    func own(
        _ owner: EpochOwner = testOwner, rule: String? = nil, region: String = StandInALB.region,
        secret: String = StandInALB.secretKey, token: String? = nil, endpoint: String? = nil,
        rules: [TrafficRule]? = nil,
        patience: Duration = .seconds(15)
    ) -> ALBWeights {
        ALBWeights(
            "edge-1",
            .init(
                region: region, rules: ["shop": Setting(rule ?? alb.rule)], accessKey: Setting(StandInALB.accessKey),
                secretKey: Setting(secret), sessionToken: token.map { Setting($0) },
                endpoint: Setting(endpoint ?? alb.endpoint)), rules: rules ?? [self.rule], owner: owner,
            resolver: literal, patience: patience)
    }

    func request() -> HTTPRequest { HTTPRequest(.get, alb.url + "/", retry: RetryPolicy.none) }

    /// It has none: AWS replaces the machines behind it now and then, which keep what the API holds.
    func reload() async throws { try await alb.order("nodes") }
}
