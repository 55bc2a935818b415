import Foundation
import HAProxyPrograms
import Migration
import SafeFiles
import Testing
import Waiting

@testable import LoadBalancing

@Suite("Servers that are put into a backend of a real HAProxy", .serialized)
struct RegisteringTests {
    static func backends(_ lab: Lab) -> String {
        """
        backend be_shop
            balance roundrobin
            server blue-1 127.0.0.1:\(lab.webPorts[0]) check inter 50ms rise 1 fall 2 maxconn 30 weight 77
            # rz: servers of be_shop
            # rz: end of servers of be_shop
        """
    }

    private func rule(options: [String]? = nil) -> TrafficRule {
        TrafficRule(
            backend: "be_shop", servers: [.blue: "blue-*", .green: "green-*"],
            registration: [
                .green: ServerRegistration(.group("agent"), port: "80", name: "green-{{ name }}", options: options)
            ])
    }

    private func driver(_ lab: Lab, options: [String]? = nil) -> HAProxyRuntime {
        lab.driver(
            stateFile: lab.stateFile, epochMap: lab.epochMap, configuration: lab.configuration,
            rules: [rule(options: options)])
    }

    private func change(_ server: String, _ change: ServerChange.Change) -> ServerChange {
        ServerChange(backend: "be_shop", server: server, change: change)
    }

    private func servers(_ driver: HAProxyRuntime) async throws -> [ServerState] {
        try await driver.observe().backends["be_shop"]?.servers ?? []
    }

    @Test("come in maintenance, are checked, and serve like those that were there", arguments: HAProxyProgram.all)
    func serve(on program: HAProxyProgram) async throws {
        try await withHAProxy(program, RegisteringTests.backends) { lab in
            let driver = driver(lab)
            let address = "127.0.0.1:\(lab.webPorts[1])"
            try await driver.apply([change("green-1", .add(address: address))], epoch: 1)
            let added = try #require(try await servers(driver).last)
            #expect(added.name == "green-1" && added.address == address && added.administration == .maint)
            try await driver.apply(
                [change("green-1", .administration(.drain)), change("green-1", .weight(0))], epoch: 1)
            try await driver.apply([change("green-1", .administration(.ready))], epoch: 1)
            try await eventually("its check") { try await servers(driver).last?.check == .passed }
            try await driver.apply([change("green-1", .weight(77))], epoch: 1)
            try await driver.apply([change("blue-1", .weight(0))], epoch: 1)
            for _ in 0..<5 { #expect(try await lab.get("be_shop") == 200) }
            #expect(try await servers(driver).map(\.counters.requests) == [0, 5])
        }
    }

    @Test(
        "stand in the configuration with what HAProxy reports of the others, and survive a reload with their weights",
        arguments: HAProxyProgram.all)
    func survive(on program: HAProxyProgram) async throws {
        try await withHAProxy(program, masterWorker: true, RegisteringTests.backends) { lab in
            let driver = driver(lab)
            let address = "127.0.0.1:\(lab.webPorts[1])"
            try await driver.apply([change("green-1", .add(address: address))], epoch: 1)
            try await driver.apply([change("green-1", .administration(.drain))], epoch: 1)
            try await driver.apply(
                [change("green-1", .weight(40)), change("green-1", .administration(.ready))], epoch: 1)
            let text = try String(contentsOfFile: lab.configuration, encoding: .utf8)
            let lines = ConfigurationLines(backend: "be_shop").servers(in: text)
            #expect(lines?.map(\.text) == ["server green-1 \(address) check rise 1 fall 2 maxconn 30 weight 77"])
            let before = try await driver.observe().process
            try await lab.reload()
            try await eventually("the new worker") { try await driver.observe().process?.pid != before?.pid }
            let after = try await servers(driver)
            #expect(after.map(\.name) == ["blue-1", "green-1"])
            #expect(after.map(\.weight) == [77, 40])
            #expect(after.map(\.administration) == [.ready, .ready])
        }
    }

    @Test(
        "come into the backend of their color, which had none, where an entry of a map moves users, and survive a reload",
        arguments: HAProxyProgram.all)
    func switched(on program: HAProxyProgram) async throws {
        func backends(_ lab: Lab) -> String {
            """
            backend be_blue
                server web-1 127.0.0.1:\(lab.webPorts[0]) check inter 50ms rise 1 fall 2 maxconn 30 weight 77
            backend be_green
                # rz: servers of be_green
                # rz: end of servers of be_green
            """
        }
        try await withHAProxy(program, masterWorker: true, backends) { lab in
            let item = TrafficSwitch(
                map: Setting(lab.switchMap), key: "active", backends: [.blue: "be_blue", .green: "be_green"],
                values: [.blue: "blue", .green: "green"])
            let rule = TrafficRule(
                backend: "shop", servers: item.servers, switching: item,
                registration: [.green: ServerRegistration(.group("agent"), port: "80", name: "{{ name }}")])
            let driver = lab.driver(
                stateFile: lab.stateFile, epochMap: lab.epochMap, configuration: lab.configuration, rules: [rule])
            func change(_ change: ServerChange.Change) -> ServerChange {
                ServerChange(backend: "shop", server: "be_green/web-9", change: change)
            }
            func servers() async throws -> [ServerState] { try await driver.observe().backends["shop"]?.servers ?? [] }
            #expect(try await driver.observeObstacles([rule]).filter(\.isBlocking).map(\.text) == [])
            try await driver.apply([change(.add(address: "127.0.0.1:\(lab.webPorts[1])"))], epoch: 1)
            #expect(try await servers().map(\.name) == ["be_blue/web-1", "be_green/web-9"])
            #expect(try await servers().map(\.administration) == [.ready, .maint])
            try await driver.apply([change(.administration(.drain)), change(.weight(0))], epoch: 1)
            try await driver.apply([change(.administration(.ready))], epoch: 1)
            try await eventually("its check") { try await servers().last?.check == .passed }
            #expect(try await lab.get("switched") == 200)
            #expect(try await servers().map(\.counters.requests) == [1, 0])
            try await driver.apply([change(.weight(1))], epoch: 1)
            for _ in 0..<3 { #expect(try await lab.get("switched") == 200) }
            #expect(try await servers().map(\.counters.requests) == [1, 3])
            let text = try String(contentsOfFile: lab.configuration, encoding: .utf8)
            #expect(
                ConfigurationLines(backend: "be_green").servers(in: text)?.map(\.text) == [
                    "server web-9 127.0.0.1:\(lab.webPorts[1]) check rise 1 fall 2 maxconn 30 weight 77"
                ])
            let before = try await driver.observe().process
            try await lab.reload()
            try await eventually("the new worker") { try await driver.observe().process?.pid != before?.pid }
            #expect(try await servers().map(\.weight) == [0, 1])
            #expect(try await lab.get("switched") == 200)
            #expect(try await servers().map(\.counters.requests) == [0, 1])
            // Nothing goes that users are sent to.
            try await driver.apply(
                [ServerChange(backend: "shop", server: "be_blue/web-1", change: .weight(1))], epoch: 1)
            try await driver.apply([change(.administration(.maint))], epoch: 1)
            try await eventually("the server to let go") {
                do throws(Failure) { try await driver.apply([change(.remove)], epoch: 1) } catch { return false }
                return true
            }
            #expect(try await servers().map(\.name) == ["be_blue/web-1"])
        }
    }

    @Test(
        "are taken off in maintenance once no one uses them, and are gone from the configuration",
        arguments: HAProxyProgram.all)
    func removed(on program: HAProxyProgram) async throws {
        try await withHAProxy(program, masterWorker: true, RegisteringTests.backends) { lab in
            let driver = driver(lab, options: ["check", "inter", "50ms", "weight", "20"])
            for (name, port) in zip(["green-1", "green-2"], lab.webPorts) {
                try await driver.apply([change(name, .add(address: "127.0.0.1:\(port)"))], epoch: 1)
            }
            await #expect(throws: Failure.self) {
                try await driver.apply([change("blue-1", .remove)], epoch: 1)
            }
            try await driver.apply([change("green-1", .remove)], epoch: 1)
            #expect(try await servers(driver).map(\.name) == ["blue-1", "green-2"])
            let text = try String(contentsOfFile: lab.configuration, encoding: .utf8)
            let lines = ConfigurationLines(backend: "be_shop").servers(in: text) ?? []
            #expect(lines.map(\.name) == ["green-2"])
            #expect(lines[0].options == ["check", "inter", "50ms", "weight", "20"])
            try await lab.reload()
            try await eventually("the new worker") { try await servers(driver).map(\.weight) == [77, 20] }
        }
    }

    @Test(
        "are refused where they exist, or where HAProxy does not know a name or an option",
        arguments: HAProxyProgram.all
    )
    func refused(on program: HAProxyProgram) async throws {
        try await withHAProxy(program, RegisteringTests.backends) { lab in
            let driver = driver(lab)
            for (name, address) in [
                ("blue-1", "127.0.0.1:80"), ("a b", "127.0.0.1:80"), ("green-1", "127.0.0.1:80;help"),
            ] {
                await #expect(throws: Failure.self) {
                    try await driver.apply([change(name, .add(address: address))], epoch: 1)
                }
            }
            let odd = self.driver(lab, options: ["check", "no-such-word"])
            let failure = await #expect(throws: Failure.self) {
                try await odd.apply([change("green-1", .add(address: "127.0.0.1:80"))], epoch: 1)
            }
            #expect(failure?.summary.contains("no-such-word") == true, "\(String(describing: failure))")
            let left = try await servers(driver).map(\.name)
            #expect(left == ["blue-1"])
        }
    }

    @Test("need a place in the configuration, and to know how TLS is spoken", arguments: HAProxyProgram.all)
    func obstacles(on program: HAProxyProgram) async throws {
        func backends(_ lab: Lab) -> String {
            """
            backend be_shop
                server blue-1 127.0.0.1:\(lab.webPorts[0])
            backend be_tls
                server blue-1 127.0.0.1:\(lab.webPorts[0]) ssl verify none
                # rz: servers of be_tls
                server green-9 127.0.0.1:\(lab.webPorts[1])
                # rz: end of servers of be_tls
            """
        }
        try await withHAProxy(program, backends) { lab in
            func obstacles(_ backend: String, _ configuration: String?) async throws -> [String] {
                var rule = rule()
                rule.backend = backend
                return try await lab.driver(
                    stateFile: lab.stateFile, epochMap: lab.epochMap, configuration: configuration, rules: [rule]
                ).observeObstacles([rule]).filter(\.isBlocking).map(\.text)
            }
            let unnamed = try await obstacles("be_shop", nil)
            #expect(unnamed.count == 1 && unnamed[0].contains("a reload of HAProxy forgets the servers"), "\(unnamed)")
            let unmarked = try await obstacles("be_shop", lab.configuration)
            #expect(unmarked.count == 1 && unmarked[0].contains("“# rz: servers of be_shop”"), "\(unmarked)")
            let missing = try await obstacles("be_shop", lab.folder + "/none.cfg")
            #expect(missing.count == 1 && missing[0].contains("not on this host"), "\(missing)")
            let tls = try await obstacles("be_tls", lab.configuration)
            #expect(tls.count == 1 && tls[0].contains("speak TLS"), "\(tls)")
        }
    }
}

@Suite("Lines of servers in a configuration")
struct ConfigurationLinesTests {
    private let text = """
        backend be_a
            # rz: servers of be_a
            server x 10.0.0.1:80 check
            # comment
            # rz: end of servers of be_a
        backend be_ab
        \t# rz: servers of be_ab
        \t# rz: end of servers of be_ab
        """

    @Test("are those between the two comments, and take their indent")
    func places() throws {
        let lines = ConfigurationLines(backend: "be_ab")
        #expect(ConfigurationLines(backend: "be_a").servers(in: text)?.map(\.text) == ["server x 10.0.0.1:80 check"])
        #expect(lines.servers(in: text) == [])
        let server = ServerLine(name: "g", address: "10.0.0.2:80", options: ["check"], weight: 9)
        let new = try #require(lines.contents(text, with: [server]))
        #expect(new.contains("\t# rz: servers of be_ab\n\tserver g 10.0.0.2:80 check weight 9\n\t# rz: end"))
        #expect(lines.contents(new, with: []) == text)
    }

    @Test("are nowhere where a comment is missing or there twice")
    func nowhere() {
        #expect(ConfigurationLines(backend: "be").servers(in: text) == nil)
        #expect(ConfigurationLines(backend: "be_a").servers(in: text + "\n" + text) == nil)
    }
}
