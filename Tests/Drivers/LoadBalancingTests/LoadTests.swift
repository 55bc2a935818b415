import HAProxyPrograms
import Migration
import Testing
import Transport
import Waiting

@testable import LoadBalancing

@Suite("The load of a real HAProxy", .serialized)
struct LoadTests {
    @Test("is what each server takes and took, and what its backend had", arguments: HAProxyProgram.all)
    func load(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) { lab in
            """
            backend shop
                fullconn 77
                server blue-1 127.0.0.1:\(lab.webPorts[0]) maxconn 10
                server green-1 127.0.0.1:\(lab.webPorts[1]) weight 0
            """
        } _: { lab in
            let driver = lab.driver()
            let held = try await lab.holdSession("shop", at: "blue-1")
            defer { held.close() }
            #expect(try await lab.get("shop") == 200)
            try await eventually("the peak") { try await driver.observe().backends["shop"]?.load?.peakSessions == 2 }
            let state = try await driver.observe()
            let backend = try #require(state.backends["shop"])
            #expect(backend.servers.map(\.load?.limit) == [10, nil])
            #expect(backend.servers.map(\.load?.peakSessions) == [2, 0])
            #expect((backend.load?.peakRate ?? 0) >= 1)
            // 77 is what its servers would need under `minconn`, and none of theirs.
            let statistics = try Statistics(try await lab.tell(Statistics.question))
            #expect(statistics.backends["shop"]?.fullconn == 77)

            let rule = TrafficRule(backend: "shop", servers: [.blue: "blue-*", .green: "green-*"])
            let found = FoundTraffic(
                TrafficObservation(time: Instant(milliseconds: 0), states: ["edge-1": state]), [rule])
            let targets = TrafficTargets(found: found, rules: [rule], direction: Direction(from: .blue), minHealthy: 1)
            let headroom = targets.headroom(1.5, rule, on: "edge-1", state)
            #expect(headroom.verdict == .unproved)
            #expect(
                headroom.text.contains("green-1 has no maxconn and counts with what the busiest server of blue had, 2"))
            let back = TrafficTargets(found: found, rules: [rule], direction: Direction(from: .green), minHealthy: 1)
            #expect(back.headroom(5, rule, on: "edge-1", state).verdict == .enough)
            #expect(back.headroom(5.1, rule, on: "edge-1", state).verdict == .short)
        }
    }

    @Test("is reported where requests waited though no server was full", arguments: HAProxyProgram.all)
    func minconn(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) { lab in
            """
            backend shop
                fullconn 400
                server blue-1 127.0.0.1:\(lab.webPorts[0]) minconn 1 maxconn 50
                server green-1 127.0.0.1:\(lab.webPorts[1]) weight 0 maxconn 50
            """
        } _: { lab in
            let held = try await lab.holdSession("shop", at: "blue-1")
            defer { held.close() }
            // It waits, until its second in the queue is over.
            _ = try await lab.get("shop")
            let rule = TrafficRule(backend: "shop", servers: [.blue: "blue-*", .green: "green-*"])
            let obstacles = try await lab.driver().observeObstacles([rule]).map(\.text)
            #expect(
                obstacles.contains {
                    $0.hasPrefix("edge-1: 1 requests have waited in backend shop although no server had its `maxconn`")
                        && $0.contains("`fullconn` sessions, which are 400")
                }, "\(obstacles)")
        }
    }

    @Test("is reported where the process has hardly a connection left")
    func process() async throws {
        let program = try #require(HAProxyProgram.all.first)
        try await withHAProxy(program) { lab in
            """
            backend shop
                server blue-1 127.0.0.1:\(lab.webPorts[0])
                server green-1 127.0.0.1:\(lab.webPorts[1]) weight 0
            """
        } _: { lab in
            let rule = TrafficRule(backend: "shop", servers: [.blue: "blue-*", .green: "green-*"])
            func texts() async throws -> [String] {
                try await lab.driver().observeObstacles([rule]).map(\.text).filter { $0.contains("connections: at") }
            }
            #expect(try await texts() == [])
            try await lab.tell("set maxconn global 1")
            let held = try await lab.holdSession("shop", at: "blue-1")
            defer { held.close() }
            #expect(try await texts().first?.contains("of 1 connections: at `maxconn` new users wait") == true)
        }
    }
}
