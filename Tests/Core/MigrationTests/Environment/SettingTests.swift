import Migration
import Testing

@Suite("A setting")
struct SettingTests {
    @Test(
        "is taken apart into texts and references",
        arguments: [
            ("", []), ("plain", [.text("plain")]), ("${env:TOKEN}", [.reference(source: "env", name: "TOKEN")]),
            (
                "a ${env:A} b ${file:/run/b:c} d",
                [
                    .text("a "), .reference(source: "env", name: "A"), .text(" b "),
                    .reference(source: "file", name: "/run/b:c"), .text(" d"),
                ]
            ),
            ("${file:${env:DIR}/key}", [.reference(source: "file", name: "${env:DIR}/key")]),
            ("${env:A}${env:B}", [.reference(source: "env", name: "A"), .reference(source: "env", name: "B")]),
            ("${HOME}", [.reference(source: "HOME", name: "")]), ("${env:OPEN", [.text("${env:OPEN")]),
            ("$5 and {x}", [.text("$5 and {x}")]),
            ("http://{{ control[0].address }}:80", [.text("http://{{ control[0].address }}:80")]),
        ] as [(String, [Setting.Part])])
    func parts(text: String, expected: [Setting.Part]) {
        #expect(Setting(text).parts == expected)
    }
}

@Suite("An inventory")
struct InventoryTests {
    private let inventory = Inventory(groups: [
        "control": [Host(name: "c-0", address: "10.0.0.1", variables: ["disk": "{{ not again }}", "zone": "r1"])],
        "db-main": [Host(name: "d-0", address: "10.0.0.8"), Host(name: "d-1", address: "10.0.0.9")],
    ])

    @Test(
        "fills in references to servers",
        arguments: [
            ("", ""), ("no reference", "no reference"),
            ("http://{{ control[0].address }}:8080", "http://10.0.0.1:8080"),
            ("{{control[0].name}}{{ db-main[1].address }}", "c-010.0.0.9"), ("{{ control[0].zone }}", "r1"),
            ("{{ control[0].disk }}", "{{ not again }}"), ("}} { x }", "}} { x }"), ("{{ db-main[0].name }} ", "d-0 "),
        ])
    func fills(text: String, expected: String) throws {
        #expect(try inventory.fill(text) == expected)
    }

    @Test(
        "names what has no value here",
        arguments: [
            ("{{ cache[0].address }}", "cache"), ("{{ control[1].address }}", "control"),
            ("{{ control[-1].name }}", "control"),
            ("{{ control[0].rack }}", "rack"), ("{{ control.address }}", "not a reference"),
            ("{{ }}", "not a reference"),
            ("{{ control[0].name", "without"), ("{{ control[99999999999999999999].name }}", "not a reference"),
        ])
    func refuses(text: String, named: String) {
        #expect { try inventory.fill(text) } throws: { "\($0)".contains(named) }
    }

    @Test("lists the groups that it has when a reference has no value")
    func lists() {
        #expect { try inventory.fill("{{ cache[0].address }}") } throws: {
            "\($0)".contains("control (1), db-main (2)")
        }
        #expect { try Inventory().fill("{{ cache[0].address }}") } throws: { "\($0)".contains("here: none") }
    }

    @Test("fills in a setting around its secrets, which are never searched for references to servers")
    func secrets() throws {
        let resolver: Resolver = { setting throws(Failure) in
            setting == "${env:PASSWORD}" ? "p{{w {{ control[0].name }}" : setting.text
        }
        #expect(
            try inventory.fill("{{ control[0].name }}:${env:PASSWORD}@x", resolver)
                == "c-0:p{{w {{ control[0].name }}@x")
        #expect(throws: Failure.self) { try inventory.fill("{{ cache[0].name }} ${env:PASSWORD}", resolver) }
    }

    @Test("has its servers in the order of their groups")
    func hosts() {
        #expect(inventory.hosts.map(\.name) == ["c-0", "d-0", "d-1"])
        #expect(!inventory.isEmpty)
        #expect(Inventory(groups: ["control": []]).isEmpty)
    }
}

@Suite("A pattern")
struct PatternTests {
    @Test(
        "fits",
        arguments: [
            ("blue-1", "blue-*"), ("blue-", "blue-*"), ("x", "*"), ("", "*"), ("", ""), ("/shop/cart", "/shop/cart"),
            ("/a/b/c", "/a/*/c"), ("abcabc", "a*c"), ("abcbc", "*bc"), ("aXbXc", "a*b*c"), ("aa", "a*a"),
            ("abab", "*ab"),
            ("ab", "a**b"),
        ])
    func fits(text: String, pattern: String) {
        #expect(matchesWildcard(text, pattern: pattern))
    }

    @Test(
        "does not fit",
        arguments: [
            ("green-1", "blue-*"), ("blue", "blue-*"), ("x", ""), ("", "x"), ("/shop/cart", "/shop"),
            ("/shop", "/shop/cart"),
            ("a", "a*a"), ("abc", "a*b"), ("acb", "a*b*c"), ("Blue-1", "blue-*"), ("blue-1", "blue-?"),
        ])
    func fitsNot(text: String, pattern: String) {
        #expect(!matchesWildcard(text, pattern: pattern))
    }

    @Test("gives a server to the one color that it fits, and to none when both fit")
    func color() {
        let rule = TrafficRule(backend: "be", servers: [.blue: "*-b*", .green: "green-*"])
        #expect(rule.color(of: "x-b1") == .blue)
        #expect(rule.color(of: "green-1") == .green)
        #expect(rule.color(of: "green-b1") == nil)
        #expect(rule.color(of: "other") == nil)
    }
}
