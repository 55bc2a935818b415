import Migration
import Planning
import Testing

@Suite("The traffic of a data centre that is adopted")
struct AdoptedTrafficTests {
    private static let live = Inventory(groups: [
        "web": (1...3).map { Host(name: "w\($0)", address: "10.0.0.\($0)") },
        "control": [Host(name: "ctl.example.org", address: "10.0.0.9")],
    ])

    private func state(_ backends: [String: [String: String]], weight: Int = 1) -> LoadBalancerState {
        LoadBalancerState(
            version: "2.6",
            backends: backends.mapValues { servers in
                BackendState(
                    servers: servers.sorted { $0.key < $1.key }.map {
                        ServerState(name: $0.key, address: $0.value, weight: weight)
                    })
            })
    }

    private func traffic(_ states: [String: LoadBalancerState]) throws -> AdoptedTraffic {
        try AdoptedTraffic(
            of: Dictionary(uniqueKeysWithValues: states.map { (LoadBalancerID($0.key), $0.value) }), color: .blue,
            live: AdoptedTrafficTests.live)
    }

    @Test(
        "has the pattern that fits the live color's servers and no others",
        arguments: [
            (["app1": 1, "app2": 2], [:], "app*"), (["app1": 1], [:], "app1"),
            (["shop-a": 1, "shop-b": 2], [:], "shop-*"),
            (["app1": 1, "app2": 2], ["apple": 7], "app*"), (["one-old": 1, "two-old": 2], [:], "blue-*"),
            (["x1": 1, "y2": 2], [:], "blue-*"), (["app10": 1, "app11": 2], ["app2": 7], "app1*"),
        ] as [([String: Int], [String: Int], String)])
    func patterns(own: [String: Int], others: [String: Int], pattern: String) throws {
        let servers = own.mapValues { "10.0.0.\($0):80" }.merging(others.mapValues { "10.9.0.\($0):80" }) { $1 }
        let found = try traffic(["e": state(["shop": servers])])
        let backend = try #require(found.backends.first)
        // `apple` begins like the others: no pattern of `*` tells them apart, so names must change.
        let isAmbiguous = others["apple"] != nil || pattern == "blue-*"
        #expect(backend.live == (isAmbiguous ? "blue-*" : pattern))
        #expect(found.missing.contains { $0.contains("no pattern fits") } == isAmbiguous, "\(found.missing)")
        let rule = TrafficRule(backend: "shop", servers: [.blue: backend.live, .green: backend.other])
        if !isAmbiguous {
            for name in own.keys { #expect(rule.color(of: name) == .blue) }
            for name in others.keys { #expect(rule.color(of: name) != .blue) }
        }
    }

    @Test("knows the other color's servers where they are listed, and otherwise proposes their lines")
    func others() throws {
        var both = state(["shop": ["old1": "10.0.0.1:80", "old2": "10.0.0.2:80", "new1": "10.1.0.1:80"]])
        // It takes users: whoever it is, it does not wait for a move.
        let serving = try traffic(["e": both])
        #expect(!serving.backends[0].hasOther && serving.missing.contains { $0.contains("new1 may serve users") })
        both.backends["shop"]?.servers[0].weight = 0
        let listed = try traffic(["e": both])
        #expect(listed.backends[0].hasOther && listed.backends[0].other == "new1")
        both.backends["shop"]?.servers[0].isBackup = true
        #expect(try !traffic(["e": both]).backends[0].hasOther)
        let alone = try traffic(["e": state(["shop": ["old1": "10.0.0.1:80", "old2": "10.0.0.2:81"]])])
        #expect(!alone.backends[0].hasOther && alone.backends[0].other == "green-*")
        #expect(
            alone.backends[0].lines(for: .green) == [
                "server green-old1 ADDRESS:80 weight 0 check", "server green-old2 ADDRESS:81 weight 0 check",
            ])
        // Of two groups or ports no one line says it.
        #expect(alone.backends[0].registration(for: .green, like: Self.live) == nil)
        let same = try traffic(["e": state(["shop": ["old1": "10.0.0.1:80", "old2": "10.0.0.2:80"]])]).backends[0]
        #expect(
            same.registration(for: .green, like: Self.live)
                == #"green: { from: web, port: 80, name: "green-{{ name }}" }"#)
        let control = try traffic(["e": state(["shop": ["a": "10.0.0.1:80", "b": "10.0.0.9:80"]])]).backends[0]
        #expect(control.registration(for: .green, like: Self.live) == nil)
        // What is named like the other color, and is not, must not fit its proposed pattern.
        let green = try traffic(["e": state(["shop": ["green-1": "10.0.0.1:80", "green-2": "10.0.0.2:80"]])])
        #expect(!matchesWildcard("green-1", pattern: green.backends[0].other))
    }

    @Test("is listed as missing where load balancers disagree")
    func disagreement() throws {
        let both = ["app1": "10.0.0.1:80", "app2": "10.0.0.2:80"]
        let found = try traffic([
            "a": state(["shop": both, "cart": both, "mail": both, "own": ["x": "10.7.0.1:25"]]),
            "b": state(["shop": ["app1": "10.0.0.1:80"], "mail": both], weight: 0),
        ])
        #expect(found.unrelated == ["own"])
        for text in ["b has no backend cart", "b: backend shop lacks app2", "b: no server of backend mail"] {
            #expect(found.missing.contains { $0.contains(text) }, "\(text): \(found.missing)")
        }
        #expect(found.missing.count == 3)
    }

    @Test("is refused where no load balancer has a server of the color")
    func none() throws {
        let error = #expect(throws: Failure.self) {
            _ = try traffic(["a": state(["shop": ["x": "10.7.0.1:80"]])])
        }
        #expect(error?.kind == .refused)
        #expect(error?.description.contains("10.7.0.1:80") == true)
    }

    @Test(
        "has URLs that are those of either color",
        arguments: [
            ("http://10.0.0.9:8080", "http://{{ control[0].address }}:8080"),
            ("https://CTL.example.org/x", "https://{{ control[0].name }}/x"),
            ("http://10.0.0.2", "http://{{ web[1].address }}"), ("http://10.0.0.20:1", nil), ("10.0.0.9", nil),
        ])
    func urls(url: String, shared: String?) { #expect(AdoptedTrafficTests.live.shared(url: url) == shared) }
}
