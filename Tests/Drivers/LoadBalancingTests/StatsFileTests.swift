import Foundation
import HAProxyPrograms
import LoadBalancing
import Migration
import Testing
import Waiting

@Suite("Counters that a stats file brings over a reload", .serialized)
struct StatsFileTests {
    @Test(
        "are no news, though they went backwards: only what the new process counts itself is",
        arguments: HAProxyProgram.all.filter { $0.isAtLeast(3, 0) }, [true, false])
    func reload(on haproxy: HAProxyProgram, isKept: Bool) async throws {
        try await withHAProxy(haproxy, masterWorker: true, keepsStatistics: true) { lab in
            """
            backend shop
                guid be-shop
                server blue-1 127.0.0.1:\(lab.webPorts[0]) guid srv-blue-1
            backend dead
                guid be-dead
                server blue-1 127.0.0.1:\(lab.closedPort) guid srv-dead check inter 50ms fall 1
            """
        } _: { lab in
            let driver = lab.driver()
            func counted(_ driver: HAProxyRuntime) async throws -> [Int] {
                let state = try await driver.observe()
                let server = try #require(state.backends["shop"]?.servers[0].counters)
                let own = try #require(state.backends["dead"]?.own)
                return [server.requests, server.errors, own.errors]
            }
            try await eventually("the check to fail") {
                try await driver.observe().backends["dead"]?.servers[0].operation == .down
            }
            for _ in 0..<4 { #expect(try await lab.get("shop", "/500") == 500) }
            for _ in 0..<3 { #expect(try await lab.get("dead") == 503) }
            #expect(try await counted(driver) == [4, 4, 3])
            // HAProxy restores whole seconds; younger than that, a process is no older than its successor.
            try await eventually("some seconds of the process") {
                try await driver.observe().process?.uptime ?? .zero >= Period.seconds(4)
            }
            if isKept {
                try await lab.tell("dump stats-file").write(toFile: lab.statsFile, atomically: true, encoding: .utf8)
            }
            #expect(try await lab.get("shop", "/500") == 500)
            #expect(try await counted(driver) == [5, 5, 3])

            let before = try await driver.observe().process?.pid
            try await lab.reload()
            try await eventually("the new worker") { try await driver.observe().process?.pid != before }
            #expect(try await counted(driver) == [0, 0, 0])
            #expect(try await counted(lab.driver()) == (isKept ? [4, 4, 3] : [0, 0, 0]))
            #expect(try await lab.get("shop", "/500") == 500)
            #expect(try await counted(driver) == [1, 1, 0])
        }
    }
}
