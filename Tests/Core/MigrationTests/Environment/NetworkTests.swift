import Migration
import Testing

@Suite("Who is called how")
struct NetworkTests {
    private let inventory = Inventory(groups: [
        "control": [
            Host(
                name: "green-1", address: "10.0.0.1",
                variables: ["role": "web", "public": "G1.example.org", "ipv6": "[2001:db8::1]"])
        ]
    ])

    @Test(
        "a server is known by its name, its addresses and its full names, and not by any word that it holds",
        arguments: [
            ("green-1", true), ("10.0.0.1", true), ("g1.example.org", true), ("2001:db8::1", true), ("web", false),
            ("10.0.0.2", false), ("", false), ("example.org", false),
        ])
    func servers(host: String, isServer: Bool) {
        #expect(inventory.isServer(host) == isServer)
    }

    @Test(
        "a proxy is asked for no server of the color, not for this host, and not for what it excepts",
        arguments: [
            ("chat.example.com", true), ("10.0.0.1", false), ("127.0.0.5", false), ("localhost", false),
            ("::1", false), ("a.corp.example", false), ("corp.example", true), ("127.example.com", true),
        ])
    func proxy(host: String, isUsed: Bool) {
        let rules = ProxyRules(url: "http://proxy:3128", except: ["*.Corp.example"])
        #expect(rules.isUsed(for: host, inventory: inventory) == isUsed)
    }

    @Test("what proves who asks is said to cross the network in clear, by place, but for this host and https")
    func clear() {
        var environment = Environment(name: "shop")
        environment.platform = Platform(mesosMaster: "http://{{ control[0].address }}:5050", user: "u")
        environment.services.sources = [
            .marathon(.init(url: "https://m:8443", user: "u")),
            .metronome(.init(url: "http://127.0.0.1:9000", user: "u")),
            .chronos(.init(url: "http://u:${file:/p}@c:4400/x")), .chronos(.init(url: "${env:URL}", user: "u")),
            .compose(
                .init(
                    access: .init(url: "http://d:10000"), files: [], redis: .init(address: "r:6379", password: "p"))),
        ]
        let words = "would cross the network unencrypted; use"
        #expect(
            environment.clearPlaces([inventory, Inventory()]) == [
                "platform.mesos: the credentials for 10.0.0.1:5050 \(words) https://, or a tunnel",
                "services.sources[].chronos: the credentials for c:4400 \(words) https://, or a tunnel",
                "services.sources[].compose.redis: the credentials for r:6379 \(words) `tls`, or a tunnel",
            ])
    }
}
