import Foundation
import Migration
import Runbooks
import Testing

@Suite("traffic in environment.yaml")
struct TrafficKeysTests {
    private func with(_ rule: String) -> String { Sample.environment + "  - { backend: search, \(rule) }\n" }

    private func rule(_ keys: String) throws -> TrafficRule {
        try #require(try Project().environment(with(keys)).traffic.last)
    }

    private func problems(_ keys: String) throws -> [String] {
        let error = #expect(throws: ConfigurationError.self) { try Project().environment(with(keys)) }
        return error?.problems.map(\.message) ?? []
    }

    private let backends = "backends: { blue: be_blue, green: be_green }"

    @Test("names an entry of a map in place of servers, by the backends or by values of its own")
    func aSwitch() throws {
        let plain = try rule("switch: { map: /m.map, key: active, \(backends) }")
        #expect(plain.switching?.values == [.blue: "be_blue", .green: "be_green"])
        #expect(plain.color(of: "be_green/web-1") == .green)
        #expect(plain.color(of: "be_blue/web-1") == .blue)
        #expect(plain.color(of: "other/web-1") == nil)
        let own = try rule(
            "switch: { map: /m.map, key: shop.example, \(backends), values: { blue: b, green: g }, "
                + "mapFile: { none: HAProxy is elsewhere } }")
        #expect(own.switching?.values == [.blue: "b", .green: "g"])
        #expect(own.switching?.withoutFile == "HAProxy is elsewhere")
        let encoded = try JSONEncoder().encode(own)
        #expect(try JSONDecoder().decode(TrafficRule.self, from: encoded) == own)
    }

    @Test("puts servers into the backends of a switch, and calls them by these")
    func registeredInSwitch() throws {
        let rule = try rule(
            "switch: { map: /m.map, key: active, \(backends), servers: { green: { from: agent, port: 80, name: "
                + "\"{{ name }}\" } } }")
        #expect(rule.servers == [.blue: "be_blue/*", .green: "be_green/*"])
        #expect(Set(rule.registration.map { Array($0.keys) } ?? []) == [.green])
        let inventory = Inventory(groups: ["agent": [Host(name: "web-1", address: "10.0.0.7")]])
        let registered = try [rule].registered(.green, of: inventory, on: ["edge-1"])
        #expect(
            registered == ["edge-1": ["search": [RegisteredServer(name: "be_green/web-1", address: "10.0.0.7:80")]]])
        #expect(rule.color(of: "be_green/web-1") == .green)
        #expect(try [rule].registered(.blue, of: inventory, on: ["edge-1"]).isEmpty)
    }

    @Test("may be of some load balancers only")
    func some() throws {
        let rule = try rule("servers: { blue: b, green: g }, loadBalancers: [edge-1]")
        #expect(rule.isOn("edge-1") && !rule.isOn("edge-2"))
        #expect([rule].on("edge-2").isEmpty)
    }

    @Test("may say which servers runs put there: a group of the inventory, or tasks of a service")
    func registered() throws {
        func green(_ keys: String) throws -> TrafficRule {
            try rule("servers: { blue: \"blue-*\", green: { \(keys) } }")
        }
        let group = try green("from: agent, port: 31001, options: [check]")
        #expect(
            group.registration == [
                .green: ServerRegistration(
                    .group("agent"), port: "31001", name: "green-{{ name }}", options: ["check"])
            ])
        #expect(group.servers[.green] == "green-*")
        #expect(try green("tasks: /shop/web, port: http").registration?[.green]?.port == "http")
        let tasks = try green("tasks: /shop/web, port: 0, name: \"green-{{ name }}-{{ port }}\"")
        #expect(
            tasks.registration == [
                .green: ServerRegistration(.tasks("/shop/web"), port: "0", name: "green-{{ name }}-{{ port }}")
            ])
        for rule in [group, tasks] {
            #expect(try JSONDecoder().decode(TrafficRule.self, from: JSONEncoder().encode(rule)) == rule)
        }
        for (keys, problem) in [
            ("from: agent, port: 0", "0 is the port of no server; for the first port of a task write `tasks`"),
            ("from: agent, port: http", "servers of agent have no port named http"),
            ("port: 80", "from"), ("from: agent, tasks: /shop/web, port: 80", "from"),
        ] {
            let found = try problems("servers: { blue: \"blue-*\", green: { \(keys) } }")
            #expect(found.count == 1 && found[0].contains(problem), "\(keys): \(found)")
        }
    }

    @Test("refuses what says nothing, or contradicts itself")
    func refused() throws {
        let servers = "servers: { blue: b, green: g }"
        #expect(
            try problems("\(servers), loadBalancers: [edge-7]")
                == ["there is no load balancer edge-7 under `loadBalancers`"])
        #expect(try problems("\(servers), switch: { map: /m, key: k, \(backends) }").count == 1)
        #expect(try problems("persistence: cut").count == 1)
        #expect(
            try problems("switch: { map: /m, key: k, backends: { blue: b, green: b } }").contains {
                $0.contains("nothing to switch")
            })
        #expect(
            try problems("switch: { map: /m, key: k, \(backends), values: { blue: x, green: x } }").contains {
                $0.contains("the entry says nothing")
            })
    }
}
