import Foundation
import HAProxyPrograms
import Migration
import Testing
import Transport
import Waiting

@testable import LoadBalancing

@Suite("A switch on a real HAProxy", .serialized)
struct SwitchTests {
    static func backends(_ lab: Lab) -> String {
        """
        backend be_blue
            server web-1 127.0.0.1:\(lab.webPorts[0]) check inter 50ms
            server web-2 127.0.0.1:\(lab.webPorts[0]) weight 0
        backend be_green
            server web-1 127.0.0.1:\(lab.webPorts[1]) check inter 50ms
        """
    }

    private func rule(_ lab: Lab, map: String? = nil, key: String = "active", values: [Color: String]? = nil)
        -> TrafficRule
    {
        let item = TrafficSwitch(
            map: Setting(map ?? lab.switchMap), key: key, backends: [.blue: "be_blue", .green: "be_green"],
            values: values ?? [.blue: "blue", .green: "green"])
        return TrafficRule(backend: "shop", servers: item.servers, switching: item)
    }

    @Test("shows the servers of both backends as those of one, with all or nothing", arguments: HAProxyProgram.all)
    func looks(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, SwitchTests.backends) { lab in
            let state = try await lab.driver(rules: [rule(lab)]).observe()
            #expect(state.backends.keys.sorted() == ["shop"])
            let shop = try #require(state.backends["shop"])
            #expect(shop.scale.isSwitch)
            #expect(shop.servers.map(\.name) == ["be_blue/web-1", "be_blue/web-2", "be_green/web-1"])
            #expect(shop.servers.map(\.weight) == [1, 0, 0])
            #expect(shop.servers.map(\.isMovable) == [true, false, true])
            #expect(shop.servers.map { rule(lab).color(of: $0.name) } == [.blue, .blue, .green])
        }
    }

    @Test("moves all requests with one entry, and back, and keeps it over a reload", arguments: HAProxyProgram.all)
    func moves(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, masterWorker: true, SwitchTests.backends) { lab in
            let driver = lab.driver(stateFile: lab.stateFile, epochMap: lab.epochMap, rules: [rule(lab)])
            func requests() async throws -> [Int] {
                try await driver.observe().backends["shop"]?.servers.map(\.counters.requests) ?? []
            }
            #expect(try await lab.get("switched") == 200)
            #expect(try await requests() == [1, 0, 0])
            try await driver.apply([.weight("be_green/web-1", 1)], epoch: 3)
            #expect(try await driver.observe().backends["shop"]?.servers.map(\.weight) == [0, 0, 1])
            for _ in 0..<3 { #expect(try await lab.get("switched") == 200) }
            #expect(try await requests() == [1, 0, 3])
            let file = try String(contentsOfFile: lab.switchMap, encoding: .utf8)
            #expect(file == "# who is live\nactive green\n")
            try await lab.reload()
            try await eventually("the new worker") { try await requests() == [0, 0, 0] }
            #expect(try await driver.observe().backends["shop"]?.servers.map(\.weight) == [0, 0, 1])
            try await driver.apply([.weight("be_blue/web-1", 1)], epoch: 3)
            #expect(try await lab.get("switched") == 200)
            #expect(try await requests() == [1, 0, 0])
        }
    }

    @Test(
        "takes its servers out of service and lists who talks to them by the names that HAProxy knows",
        arguments: HAProxyProgram.all)
    func administration(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, SwitchTests.backends) { lab in
            let driver = lab.driver(rules: [rule(lab)])
            try await driver.apply([.weight("be_green/web-1", 1), .state("be_blue/web-1", .maint)], epoch: 1)
            let servers = try #require(try await driver.observe().backends["shop"]?.servers)
            #expect(servers.map(\.administration) == [.maint, .ready, .ready])
            let plain = try await lab.driver().observe()
            #expect(plain.backends["be_blue"]?.servers.map(\.administration) == [.maint, .ready])
            let socket = try await lab.holdSession("switched", at: "be_green/web-1", in: "shop", driver)
            defer { socket.close() }
            let open = try await driver.observeSessions(
                of: [ListedServer(backend: "shop", name: "be_green/web-1")], detailed: 1)
            #expect(open.listed.map { "\($0.backend)/\($0.server)" } == ["be_green/web-1"])
        }
    }

    @Test("is refused where a weight contradicts the entry", arguments: HAProxyProgram.all)
    func contradiction(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, SwitchTests.backends) { lab in
            let driver = lab.driver(rules: [rule(lab)])
            let failure = try await #require(throws: Failure.self) {
                try await driver.apply([.weight("be_blue/web-1", 0)], epoch: 1)
            }
            #expect(failure.details.contains { $0.contains("be_blue/web-1: weight 0 was set") })
        }
    }

    @Test(
        "of another load balancer is left alone by this one, and so is a rule with weights",
        arguments: HAProxyProgram.all)
    func elsewhere(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, SwitchTests.backends) { lab in
            var other = rule(lab)
            other.loadBalancers = ["edge-9"]
            let weights = TrafficRule(backend: "gone", servers: [.blue: "b*", .green: "g*"], loadBalancers: ["edge-9"])
            let driver = lab.driver(stateFile: lab.stateFile, rules: [other, weights])
            let state = try await driver.observe()
            #expect(state.backends.keys.sorted() == ["be_blue", "be_green"])
            let obstacles = try await driver.observeObstacles([other, weights])
            #expect(obstacles.filter(\.isBlocking) == [])
            #expect(try await driver.proveWeights([other, weights]) == [])
        }
    }

    @Test("has not what was set where the entry is neither color's any more")
    func neither() throws {
        let item = TrafficSwitch(map: "/m.map", key: "active", backends: [.blue: "be_blue", .green: "be_green"])
        let made = try MapSwitch("shop", item, path: "/m.map", on: "edge-1")
        let changes: [ServerChange] = [.weight("be_green/web-1", 1), .weight("be_blue/web-1", 0)]
        #expect(made.contradictions(changes, chosen: .green) == [])
        #expect(made.contradictions(changes, chosen: .blue).count == 2)
        #expect(
            made.contradictions(changes, chosen: nil)
                == ["shop/be_green/web-1: weight 1 was set, active in /m.map is neither color's"])
    }

    @Test("that no frontend asks for is shown with the lines that make them ask, which HAProxy accepts")
    func lines() throws {
        let backends: [Color: String] = [.blue: "be_blue", .green: "be_green"]
        for values in [nil, [Color.blue: "b", .green: "g"]] {
            let folder = try temporaryFolder()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let item = TrafficSwitch(map: "", key: "active", backends: backends, values: values)
            let made = try MapSwitch("shop", item, path: folder + "/shop.map", on: "edge-1")
            try (made.entry + "\n").write(toFile: made.path, atomically: true, encoding: .utf8)
            try """
            defaults
                mode http
                timeout client 1s
                timeout server 1s
                timeout connect 1s
            frontend users
                bind unix@\(folder)/users.sock
                \(made.choices.joined(separator: "\n    "))
                default_backend be_blue
            backend be_blue
            backend be_green

            """.write(toFile: folder + "/haproxy.cfg", atomically: true, encoding: .utf8)
            for haproxy in HAProxyProgram.all {
                let check = Process()
                check.executableURL = URL(filePath: haproxy.path)
                check.arguments = ["-c", "-f", folder + "/haproxy.cfg"]
                check.standardOutput = FileHandle.nullDevice
                check.standardError = FileHandle.nullDevice
                try check.run()
                check.waitUntilExit()
                #expect(check.terminationStatus == 0, "\(haproxy): \(made.choices)")
            }
        }
    }

    @Test("is blocked while its map, entry, backend or file can't do what it needs", arguments: HAProxyProgram.all)
    func obstacles(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, SwitchTests.backends) { lab in
            func blocking(_ rule: TrafficRule) async throws -> String {
                let driver = lab.driver(stateFile: lab.stateFile, rules: [rule])
                return try await driver.observeObstacles([rule]).filter(\.isBlocking).map(\.text).joined(
                    separator: "\n")
            }
            #expect(try await blocking(rule(lab)) == "")
            let unknown = try await blocking(rule(lab, map: "/no/such.map"))
            #expect(unknown.contains("does not know the map /no/such.map"))
            #expect(unknown.contains("Write the line `active blue`, or"))
            #expect(
                unknown.contains("`use_backend be_blue if { str(active),map_str(/no/such.map) -m str blue }` and `use"))
            #expect(try await blocking(rule(lab, key: "other")).contains("other in \(lab.switchMap) is not there"))
            #expect(
                try await blocking(rule(lab, values: [.blue: "b", .green: "g"])).contains(
                    "is blue, and neither color's"))
            var lost = rule(lab)
            lost.switching?.backends[.green] = "be_lost"
            #expect(try await blocking(lost).contains("there is no backend be_lost"))
            try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: lab.folder)
            if getuid() != 0 { #expect(try await blocking(rule(lab)).contains("can't be replaced")) }
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: lab.folder)
            try FileManager.default.removeItem(atPath: lab.switchMap)
            #expect(try await blocking(rule(lab)).contains("is not on this host"))
            let words = rule(lab, key: "active;disable server be_blue/web-1")
            await #expect(throws: Failure.self) { try await lab.driver(rules: [words]).observe() }
        }
    }
}
