import Foundation
import LoadBalancing
import Migration
import Testing

private func backends(_ lab: Lab) -> String {
    "backend shop\n    server blue-1 127.0.0.1:\(lab.webPorts[0]) weight 100"
}

@Suite("The epoch on a load balancer", .serialized)
struct EpochTests {
    @Test("is written with the first change, to HAProxy and to its map file")
    func claim() async throws {
        try await withHAProxy(backends) { lab in
            try "other 1\nepoch 0\nlast 2\n".write(toFile: lab.epochMap, atomically: true, encoding: .utf8)
            let driver = lab.driver(epochMap: lab.epochMap)
            #expect(try await driver.observe().epoch == 0)
            try await driver.apply([.weight("blue-1", 9)], epoch: 7)
            #expect(try await driver.observe().epoch == 7)
            #expect(try String(contentsOfFile: lab.epochMap, encoding: .utf8) == "other 1\nepoch 7\nlast 2\n")
        }
    }

    @Test("refuses a run that another one replaced, before anything is changed")
    func refusal() async throws {
        try await withHAProxy(backends) { lab in
            let driver = lab.driver(epochMap: lab.epochMap)
            try await driver.apply([.weight("blue-1", 9)], epoch: 7)
            let failure = try await #require(throws: Failure.self) {
                try await driver.apply([.weight("blue-1", 1)], epoch: 6)
            }
            #expect(failure.kind == .refused)
            #expect(failure.summary == "edge-1: another run owns this load balancer")
            let state = try await driver.observe()
            #expect(state.epoch == 7)
            #expect(state.backends["shop"]?.servers[0].weight == 9)
        }
    }

    @Test("is added where the map has no such entry")
    func addition() async throws {
        try await withHAProxy { lab in
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
            #expect(try String(contentsOfFile: lab.folder + "/empty.map", encoding: .utf8) == "epoch 3\n")
        }
    }

    @Test("can't be kept in a map that HAProxy does not know")
    func unknownMap() async throws {
        try await withHAProxy(backends) { lab in
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
            "type=str, case=sensitive, found=yes, idx=tree, key=\"epoch\", value=\"\(epoch)\", type=\"str\"\n\n"
        }
        let fake = try await FakeHAProxy([.text(map(4) + state), .text("\n\n"), .text(map(5) + state)])
        defer { fake.stop() }
        let runtime = HAProxyRuntime(
            LoadBalancerAddress(name: "edge-1", socket: Setting(fake.socket), epochMap: "/e.map"), resolver: literal)
        let failure = try await #require(throws: Failure.self) {
            try await runtime.apply([.weight("blue-1", 9)], epoch: 4)
        }
        #expect(failure.kind == .refused)
    }
}

@Suite("The server state file", .serialized)
struct StateFileTests {
    @Test("that can't be written fails the change and says that a reload would forget it")
    func unwritable() async throws {
        try await withHAProxy(backends) { lab in
            let failure = try await #require(throws: Failure.self) {
                try await lab.driver(stateFile: "/nowhere/server.state").apply([.weight("blue-1", 9)], epoch: 2)
            }
            #expect(failure.summary.contains("a reload would forget"))
            #expect(failure.details.first?.contains("/nowhere/server.state") == true)
        }
    }

    @Test("keeps its permissions, leaves nothing beside it, and may be reached through a link")
    func replacement() async throws {
        try await withHAProxy(backends) { lab in
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
