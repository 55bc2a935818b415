import Foundation
import HAProxyPrograms
import LoadBalancing
import Migration
import Testing
import Waiting

private func pair(_ lab: Lab) -> String {
    """
    backend shop
        server blue-1 127.0.0.1:\(lab.webPorts[0]) weight 100 check inter 100ms
        server green-1 127.0.0.1:\(lab.webPorts[1]) weight 0 check inter 100ms
    """
}

@Suite("What a load balancer says behind a change", .serialized)
struct ChangeTests {
    @Test("is what a look says then, but for counters", arguments: HAProxyProgram.all, [true, false])
    func sameAsLook(on haproxy: HAProxyProgram, isFirst: Bool) async throws {
        try await withHAProxy(haproxy, pair) { lab in
            let driver = lab.driver(stateFile: lab.stateFile, epochMap: lab.epochMap)
            try await checked(isFirst ? lab.driver() : driver)
            let changed = try await driver.change([.weight("green-1", 9), .weight("blue-1", 8)], epoch: 3)
            let seen = try await driver.observe()
            #expect(changed.epoch == 3)
            #expect(changed.process?.pid == seen.process?.pid)
            #expect(changed.backends["shop"]?.servers.map(\.weight) == [8, 9])
            #expect(changed.backends["shop"]?.servers.map(\.check) == seen.backends["shop"]?.servers.map(\.check))
            #expect(changed.backends["shop"]?.servers.map(\.address) == seen.backends["shop"]?.servers.map(\.address))
        }
    }

    @Test("is not that of an earlier look where a server has failed since", arguments: HAProxyProgram.all)
    func failed(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, pair) { lab in
            let driver = lab.driver()
            try await checked(driver)
            try await lab.tell("disable health shop/green-1")
            // A check that is under way would set its own result over the one that is set here.
            try await eventually("no check to be under way") { try await !isBeingChecked("green-1", lab) }
            try await lab.tell("set server shop/green-1 health down")
            let server = try #require(
                try await driver.change([.weight("green-1", 9)], epoch: 1).backends["shop"]?.servers[1])
            #expect(server.weight == 9)
            #expect(server.operation == .down)
            #expect(!server.isUp)
        }
    }

    @Test("is not that of an earlier look where someone has taken a server out since", arguments: HAProxyProgram.all)
    func takenOut(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, pair) { lab in
            let driver = lab.driver()
            try await checked(driver)
            try await lab.tell("set server shop/green-1 state maint")
            let state = try await driver.change([.weight("blue-1", 9)], epoch: 1)
            #expect(state.backends["shop"]?.servers[1].administration == .maint)
            #expect(state.backends["shop"]?.servers[1].check == .pending)
        }
    }

    @Test("is not that of another process", arguments: HAProxyProgram.all)
    func reloaded(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, masterWorker: true, pair) { lab in
            let driver = lab.driver()
            try await checked(driver)
            let before = try await driver.observe().process?.pid
            try await lab.reload()
            let state = try await driver.change([.weight("green-1", 9)], epoch: 1)
            let now = try await driver.observe()
            #expect(now.process?.pid != before)
            #expect(state.process?.pid == now.process?.pid)
            #expect(state.backends["shop"]?.servers.map(\.weight) == [100, 9])
        }
    }

    @Test("that rests on what one process said is made in no other", arguments: HAProxyProgram.all)
    func otherProcess(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, masterWorker: true, pair) { lab in
            let driver = lab.driver(stateFile: lab.stateFile, epochMap: lab.epochMap)
            try await checked(driver)
            let before = try #require(try await driver.observe().process)
            let changed = try await change(driver, [.weight("green-1", 9), .weight("blue-1", 8)], in: before)
            #expect(changed.backends["shop"]?.servers.map(\.weight) == [8, 9])
            try await lab.reload()
            try await eventually("the new process") { try await driver.observe().process?.pid != before.pid }
            let failure = try await #require(throws: Failure.self) {
                _ = try await change(driver, [.weight("blue-1", 0)], in: before)
            }
            #expect(failure.kind == .transient)
            #expect(failure.summary == "edge-1 was reloaded in the middle of a change")
            #expect(failure.details.first?.hasPrefix("process \(before.pid) was looked at, process ") == true)
            let now = try await driver.observe()
            #expect(now.backends["shop"]?.servers.map(\.weight) == [8, 9])
            let state = try await change(driver, [.weight("blue-1", 0)], in: now.process)
            #expect(state.backends["shop"]?.servers.map(\.weight) == [0, 9])
        }
    }

    @Test("is refused in one process as it is in any", arguments: HAProxyProgram.all)
    func refusedInOneProcess(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, pair) { lab in
            let driver = lab.driver()
            let process = try await driver.observe().process
            for wrong in [
                [ServerChange.weight("blue-9", 1)], [.weight("blue-1", 7), .weight("blue-1", 9, in: "shelf")],
            ] {
                let anywhere = try await #require(throws: Failure.self) { try await driver.apply(wrong, epoch: 1) }
                let there = try await #require(throws: Failure.self) {
                    _ = try await change(driver, wrong, in: process)
                }
                #expect(there == anywhere)
            }
            // Of more than one line.
            let many = (0..<900).map { ServerChange.weight($0 % 2 == 0 ? "green-1" : "blue-1", 1 + $0 % 200) }
            let state = try await change(driver, many, in: process)
            #expect(state.backends["shop"]?.servers.map(\.weight) == [100, 99])
        }
    }

    private func change(
        _ driver: HAProxyRuntime, _ changes: [ServerChange], in process: LoadBalancerProcess?
    ) async throws -> LoadBalancerState {
        try await driver.change(changes, in: process, isFollowed: false, epoch: 3)
    }

    @Test("that another one follows is written to the state file with that one", arguments: HAProxyProgram.all)
    func followed(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, pair) { lab in
            let driver = lab.driver(stateFile: lab.stateFile, epochMap: lab.epochMap)
            func file() throws -> String { try String(contentsOfFile: lab.stateFile, encoding: .utf8) }
            let before = try file()
            let raised = try await driver.change([.weight("green-1", 9)], in: nil, isFollowed: true, epoch: 3)
            #expect(raised.backends["shop"]?.servers.map(\.weight) == [100, 9])
            #expect(try file() == before)
            _ = try await driver.change([.weight("blue-1", 8)], in: raised.process, isFollowed: false, epoch: 3)
            #expect(try file().contains("green-1 127.0.0.1 2 0 9 "))
            #expect(try file().contains("blue-1 127.0.0.1 2 0 8 "))
        }
    }

    @Test("takes no second look at its statistics")
    func questions() async throws {
        let servers =
            "1\n# be_name srv_name srv_addr srv_op_state srv_admin_state srv_uweight\nshop blue-1 127.0.0.1 2 0 "
        let fake = try await FakeHAProxy([
            .text(
                "Pid: 7\nUptime_sec: 9\n\n\(servers)9\n\n\n# pxname,svname,status,\nshop,blue-1,UP,\nshop,BACKEND,UP,\n\n"
            ),
            .text("\n\n"), .text("Pid: 7\nUptime_sec: 9\n\n\(servers)10\n\n"),
        ])
        defer { fake.stop() }
        let driver = HAProxyRuntime(
            "edge-1", .init(socket: Setting(fake.socket)), owner: testOwner, resolver: literal,
            freshness: .seconds(600))
        _ = try await driver.observe()
        let state = try await driver.change([.weight("blue-1", 10)], epoch: 1)
        #expect(state.backends["shop"]?.servers.map(\.weight) == [10])
        #expect(state.backends["shop"]?.servers.map(\.check) == [.passed])
        #expect(fake.lines.dropFirst().joined(separator: "\n").contains("show stat") == false)
        #expect(fake.lines.count == 3)
    }

    @Test("turns an agent off that someone has turned on since the last look", arguments: HAProxyProgram.all)
    func agent(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) { lab in
            """
            backend shop
                server blue-1 127.0.0.1:\(lab.webPorts[0]) weight 100 agent-check agent-inter 1h agent-port \(lab.webPorts[1])
            """
        } _: { lab in
            let driver = lab.driver()
            try await driver.apply([.weight("blue-1", 3)], epoch: 1)
            #expect(try await driver.observe().backends["shop"]?.servers[0].hasAgent == false)
            try await lab.tell("enable agent shop/blue-1")
            let server = try await driver.change([.weight("blue-1", 4)], epoch: 1).backends["shop"]?.servers[0]
            #expect(server?.weight == 4)
            #expect(server?.hasAgent == false)
        }
    }

    /// Bit 1 of `srv_check_state` (HAProxy's management guide, "show servers state").
    private func isBeingChecked(_ server: String, _ lab: Lab) async throws -> Bool {
        let rows = try await lab.tell("show servers state shop").split(separator: "\n").map { $0.split(separator: " ") }
        let row = try #require(rows.first { $0.count > 14 && $0[3] == server })
        return try #require(Int(row[14])) & 1 != 0
    }

    private func checked(_ driver: HAProxyRuntime) async throws {
        try await eventually("both servers checked") {
            try await driver.observe().backends["shop"]?.servers.allSatisfy { $0.check == .passed } == true
        }
    }
}
