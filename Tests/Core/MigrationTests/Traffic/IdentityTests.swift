import Migration
import Testing

/// Who is who: names on load balancers against addresses of inventories.
@Suite("Servers on load balancers")
struct IdentityTests {
    private let rule = TrafficRule(backend: "be", servers: [.blue: "blue-*", .green: "green-*"])
    private let inventories: [Color: Inventory] = [
        .blue: Inventory(groups: ["a": [Host(name: "b1", address: "10.1.0.1"), Host(name: "b2", address: "FD00::1")]]),
        .green: Inventory(groups: [
            "a": [
                Host(name: "g1", address: "10.2.0.1"),
                Host(name: "g2", address: "g2.lan", variables: ["ip": "10.2.0.2"]),
            ]
        ]),
    ]

    private func state(_ servers: [(String, String)], in backend: String = "be") -> [LoadBalancerID: LoadBalancerState]
    {
        let servers = servers.map { ServerState(name: $0.0, address: $0.1, weight: 1) }
        return ["edge-1": LoadBalancerState(version: "2.6", backends: [backend: BackendState(servers: servers)])]
    }

    private func misplaced(
        _ servers: [(String, String)], _ rule: TrafficRule? = nil, _ inventories: [Color: Inventory]? = nil
    ) -> [String] {
        misplacedServers(state(servers), [rule ?? self.rule], inventories: inventories ?? self.inventories)
    }

    @Test("are in their place at an address of their color: a number, IPv6, or one of a host's variables")
    func inPlace() {
        let servers = [
            ("blue-1", "10.1.0.1:80"), ("blue-2", "[fd00::1]:80"), ("green-1", "10.2.0.1:81"),
            ("green-2", "10.2.0.2:81"), ("third", "10.9.0.1:80"),
        ]
        #expect(misplaced(servers) == [])
    }

    @Test("that stand at an address of the other color are misplaced, whatever the rule accepts")
    func otherColor() {
        for reason in [nil, "a test"] {
            var rule = rule
            rule.anyAddress = reason
            let texts = misplaced([("green-1", "10.1.0.1:80"), ("green-2", "[FD00::1]:80")], rule)
            #expect(texts.count == 1)
            #expect(
                texts.first?.hasPrefix(
                    "edge-1: be/green-1 is green's by its name, but its address 10.1.0.1:80 is that of blue's b1 "
                        + "(and green-2)") == true)
        }
    }

    @Test("that stand where no server of their color does are misplaced, unless the rule says why any will do")
    func unknown() {
        let servers = [("green-1", "10.3.0.1:80"), ("green-2", "10.3.0.2:80"), ("green-3", "10.3.0.3:80")]
        let texts = misplaced(servers)
        #expect(texts.count == 1)
        #expect(
            texts.first?.hasPrefix(
                "edge-1: be/green-1 has the address 10.3.0.1:80, which no server of green has (and 2 more servers)")
                == true)
        var declared = rule
        declared.anyAddress = "a CDN"
        #expect(misplaced(servers, declared) == [])
    }

    @Test("of neither color are misplaced at an address of one: they go down with it")
    func third() {
        let texts = misplaced([("old-1", "10.1.0.1:80")])
        #expect(texts.count == 1)
        #expect(texts.first?.contains("old-1 is neither color's by its name") == true)
    }

    @Test("of a color without servers yet are only asked for addresses of the other")
    func notBuilt() {
        let blueOnly: [Color: Inventory] = [.blue: inventories[.blue] ?? Inventory(), .green: Inventory()]
        #expect(misplaced([("blue-1", "10.1.0.1:80"), ("green-1", "10.2.0.1:80")], nil, blueOnly) == [])
        #expect(misplaced([("green-1", "10.1.0.1:80")], nil, blueOnly).count == 1)
        #expect(misplaced([("blue-1", "10.2.0.1:80")], nil, blueOnly).count == 1)
    }

    @Test("without an address are no servers")
    func slots() {
        #expect(misplaced([("green-1", "-:80"), ("green-2", "0.0.0.0:80"), ("green-3", "-")]) == [])
    }

    @Test("with an address that both inventories have can be distinguished by nothing")
    func shared() {
        let one = Inventory(groups: ["a": [Host(name: "host", address: "127.0.0.1")]])
        let servers = [("blue-1", "127.0.0.1:1"), ("green-1", "127.0.0.1:2")]
        #expect(misplaced(servers, nil, [.blue: one, .green: one]) == [])
    }

    @Test(
        "in a backend of no rule block by their name or by their address",
        arguments: [
            ("blue-9", "10.9.0.1:80"), ("web", "10.1.0.1:80"), ("green-1", "10.2.0.1:80"), ("x", "10.2.0.1:80"),
        ])
    func unlisted(name: String, address: String) {
        let states = state([("third", "10.9.0.9:1"), (name, address)], in: "be_legacy")
        let texts = unlistedBackends(states, [rule], ignored: [], inventories: inventories)
        #expect(texts.count == 1)
        #expect(texts.first?.hasPrefix("edge-1: backend be_legacy has \(name) at \(address) and is in no rule") == true)
        let ignored = [IgnoredBackend(backend: "be_leg*", reason: "a test")]
        #expect(unlistedBackends(states, [rule], ignored: ignored, inventories: inventories) == [])
    }

    @Test("in a backend of no rule beside one with the other color in its name are a switch, perhaps")
    func twins() {
        var states = state([("blue-9", "10.9.0.1:80")], in: "be_blue_shop")
        states["edge-1"]?.backends["be_green_shop"] = BackendState(servers: [])
        #expect(
            unlistedBackends(states, [rule], ignored: [], inventories: inventories).first?.contains(
                "List it under `traffic`, with be_green_shop as a `switch` where one of both is used at a time, or say")
                == true)
    }

    @Test("in a backend of no rule are no one's business without a color's name or address")
    func unrelated() {
        let states = state([("third", "10.9.0.9:1"), ("green-free", "0.0.0.0:80")], in: "be_other")
        #expect(unlistedBackends(states, [rule], ignored: [], inventories: inventories) == [])
    }
}
