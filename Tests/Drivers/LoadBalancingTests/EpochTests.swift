import Foundation
import HAProxyPrograms
import LoadBalancing
import Migration
import Testing

private func backends(_ lab: Lab) -> String {
    "backend shop\n    server blue-1 127.0.0.1:\(lab.webPorts[0]) weight 100"
}

@Suite("The epoch on a load balancer", .serialized)
struct EpochTests {
    @Test("is written with the first change, to HAProxy and to its map file", arguments: HAProxyProgram.all)
    func claim(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, backends) { lab in
            try "other 1\nepoch 0\nlast 2\n".write(toFile: lab.epochMap, atomically: true, encoding: .utf8)
            let driver = lab.driver(epochMap: lab.epochMap)
            #expect(try await driver.observe().epoch == 0)
            try await driver.apply([.weight("blue-1", 9)], epoch: 7)
            #expect(try await driver.observe().epoch == 7)
            #expect(
                try String(contentsOfFile: lab.epochMap, encoding: .utf8)
                    == "other 1\nepoch 0\nlast 2\nepoch-shop 7@me\n")
        }
    }

    @Test("refuses a run that another one replaced, before anything is changed", arguments: HAProxyProgram.all)
    func refusal(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, backends) { lab in
            let driver = lab.driver(epochMap: lab.epochMap)
            try await driver.apply([.weight("blue-1", 9)], epoch: 7)
            let failure = try await #require(throws: Failure.self) {
                try await driver.apply([.weight("blue-1", 1)], epoch: 6)
            }
            #expect(failure.kind == .refused)
            #expect(failure.summary == "edge-1: another run owns this load balancer")
            #expect(failure.details == ["its epoch-shop in \(lab.epochMap) is 7@me, this run's is 6@me"])
            let state = try await driver.observe()
            #expect(state.epoch == 7)
            #expect(state.backends["shop"]?.servers[0].weight == 9)
        }
    }

    @Test(
        "refuses a run of another journal with the same number, and is taken over by one with a higher number",
        arguments: HAProxyProgram.all)
    func otherOwner(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, backends) { lab in
            let mine = lab.driver(epochMap: lab.epochMap)
            let other = lab.driver(epochMap: lab.epochMap, owner: EpochOwner(environment: "shop", id: "other"))
            try await mine.apply([.weight("blue-1", 9)], epoch: 7)
            #expect(try await mine.observeClaim(epoch: 7) == [])
            let failure = try await #require(throws: Failure.self) {
                try await other.apply([.weight("blue-1", 1)], epoch: 7)
            }
            #expect(failure.kind == .refused)
            #expect(failure.details.first?.hasSuffix("is 7@me, this run's is 7@other") == true)
            let claim = try await other.observeClaim(epoch: 7)
            #expect(claim.map(\.isBlocking) == [true])
            #expect(claim.first?.text.contains("another run owns this load balancer") == true)
            #expect(try await mine.observe().backends["shop"]?.servers[0].weight == 9)

            let takeover = try await other.observeClaim(epoch: 8)
            #expect(takeover.map(\.isBlocking) == [false])
            #expect(takeover.first?.text.contains("is 7@me, of another journal") == true)
            try await other.apply([.weight("blue-1", 2)], epoch: 8)
            #expect(try await mine.observeClaim(epoch: 8).map(\.isBlocking) == [true])
        }
    }

    @Test("belongs to one environment: another one in the same map is not in its way", arguments: HAProxyProgram.all)
    func environments(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, backends) { lab in
            let old = lab.driver(epochMap: lab.epochMap, owner: EpochOwner(environment: "old", id: "me"))
            try await old.apply([], epoch: 50)
            let young = lab.driver(epochMap: lab.epochMap)
            #expect(try await young.observeClaim(epoch: 2) == [])
            try await young.apply([.weight("blue-1", 9)], epoch: 2)
            #expect(try await young.observe().epoch == 2)
            #expect(try await old.observe().epoch == 50)
        }
    }

    @Test(
        "of before environments had their own is a lower bound until the environment has one",
        arguments: HAProxyProgram.all)
    func sharedEntry(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, backends) { lab in
            try await lab.tell("set map \(lab.epochMap) epoch 5")
            let driver = lab.driver(epochMap: lab.epochMap)
            #expect(try await driver.observe().epoch == 5)
            #expect(try await driver.observeClaim(epoch: 4).map(\.isBlocking) == [true])
            let failure = try await #require(throws: Failure.self) { try await driver.apply([], epoch: 4) }
            #expect(failure.kind == .refused)
            try await driver.apply([], epoch: 5)
            try await lab.tell("set map \(lab.epochMap) epoch 9")
            try await driver.apply([], epoch: 6)
            #expect(try await driver.observe().epoch == 6)
        }
    }

    @Test(
        "of a lost journal is reset by the command of the advice, and the next plan reports who did",
        arguments: HAProxyProgram.all)
    func reset(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, backends) { lab in
            let lost = lab.driver(epochMap: lab.epochMap, owner: EpochOwner(environment: "shop", id: "lost"))
            try await lost.apply([], epoch: 50)
            let driver = lab.driver(epochMap: lab.epochMap)
            let failure = try await #require(throws: Failure.self) { try await driver.apply([], epoch: 1) }
            let parts = failure.advice?.split(separator: "\"") ?? []
            #expect(parts.count == 3)
            #expect(parts.last?.contains("socat - UNIX-CONNECT:\(lab.folder)/admin.sock") == true)
            try await lab.tell(String(parts[1]))
            let claim = try await driver.observeClaim(epoch: 1)
            #expect(claim.map(\.isBlocking) == [false])
            #expect(claim.first?.text.contains("is 0@reset-by-YOUR-NAME") == true)
            try await driver.apply([], epoch: 1)
            #expect(try await driver.observe().epoch == 1)
        }
    }

    @Test("is added where the map has no such entry", arguments: HAProxyProgram.all)
    func addition(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) { lab in
            try? "".write(toFile: lab.folder + "/empty.map", atomically: true, encoding: .utf8)
            return """
                backend shop
                    http-request set-var(txn.e) str(epoch),map_str(\(lab.folder)/empty.map,0)
                    server blue-1 127.0.0.1:\(lab.webPorts[0]) weight 100
                """
        } _: { lab in
            let driver = lab.driver(epochMap: lab.folder + "/empty.map")
            #expect(try await driver.observe().epoch == nil)
            try await driver.apply([.weight("blue-1", 9)], epoch: 2)
            try await driver.apply([.weight("blue-1", 8)], epoch: 3)
            #expect(try await driver.observe().epoch == 3)
            #expect(try String(contentsOfFile: lab.folder + "/empty.map", encoding: .utf8) == "epoch-shop 3@me\n")
        }
    }

    @Test("can't be kept in a map that HAProxy does not know", arguments: HAProxyProgram.all)
    func unknownMap(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, backends) { lab in
            let driver = lab.driver(epochMap: "/nowhere/epoch.map")
            let failure = try await #require(throws: Failure.self) {
                try await driver.apply([.weight("blue-1", 9)], epoch: 2)
            }
            #expect(failure.kind == .permanent)
            #expect(failure.advice?.contains("map_str(/nowhere/epoch.map,0)") == true)
            #expect(try await driver.observe().backends["shop"]?.servers[0].weight == 100)
        }
    }

    @Test("that rises while the changes are made is noticed")
    func race() async throws {
        let state = "1\n# be_name srv_name srv_addr srv_op_state srv_admin_state srv_uweight\nshop blue-1 ::1 2 0 9\n\n"
        func map(_ epoch: Int) -> String {
            "type=str, found=yes, key=\"epoch-shop\", value=\"\(epoch)@me\", type=\"str\"\n\ntype=str, found=no\n\n"
        }
        let fake = try await FakeHAProxy([.text(map(4) + state), .text("\n\n"), .text(map(5) + state)])
        defer { fake.stop() }
        let runtime = HAProxyRuntime(
            "edge-1", .init(socket: Setting(fake.socket), epochMap: "/e.map"), owner: testOwner,
            resolver: literal)
        let failure = try await #require(throws: Failure.self) {
            try await runtime.apply([.weight("blue-1", 9)], epoch: 4)
        }
        #expect(failure.kind == .refused)
    }
}

@Suite("The server state file", .serialized)
struct StateFileTests {
    @Test("that can't be written fails the change and says that a reload would lose it", arguments: HAProxyProgram.all)
    func unwritable(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, backends) { lab in
            let failure = try await #require(throws: Failure.self) {
                try await lab.driver(stateFile: "/nowhere/server.state").apply([.weight("blue-1", 9)], epoch: 2)
            }
            #expect(failure.summary.contains("a reload would lose"))
            #expect(failure.details.first?.contains("/nowhere/server.state") == true)
        }
    }

    @Test(
        "keeps its permissions, leaves nothing beside it, and may be reached through a link",
        arguments: HAProxyProgram.all)
    func replacement(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, backends) { lab in
            #expect(chmod(lab.stateFile, 0o640) == 0)
            let link = lab.folder + "/link.state"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: lab.stateFile)
            try await lab.driver(stateFile: link).apply([.weight("blue-1", 9)], epoch: 2)
            let attributes = try FileManager.default.attributesOfItem(atPath: lab.stateFile)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o640)
            #expect(
                try String(contentsOfFile: lab.stateFile, encoding: .utf8).contains("shop 1 blue-1 127.0.0.1 2 0 9 "))
            #expect(try FileManager.default.contentsOfDirectory(atPath: lab.folder).allSatisfy { !$0.contains(".rz-") })
        }
    }
}
