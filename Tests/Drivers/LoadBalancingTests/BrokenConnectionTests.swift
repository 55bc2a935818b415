import HAProxyPrograms
import LoadBalancing
import Migration
import Testing
import Waiting

private let state =
    "1\n# be_name srv_name srv_addr srv_op_state srv_admin_state srv_uweight\nshop blue-1 127.0.0.1 2 0 9\n\n"

@Suite("A broken connection", .serialized)
struct BrokenConnectionTests {
    @Test(
        "in the middle of a change leaves its effect unknown",
        arguments: [
            FakeHAProxy.Answer.text(""), .text("\n"), .text("\n\n"), .silence(after: "\n\n"), .silence(after: ""),
        ])
    func duringChange(_ answer: FakeHAProxy.Answer) async throws {
        // A busy machine may use up a short deadline before the change.
        for deadline in [Duration.milliseconds(300), .seconds(3), .seconds(30)] {
            let fake = try await FakeHAProxy([.text(state), answer])
            defer { fake.stop() }
            let failure = try await #require(throws: Failure.self) {
                try await driver(fake.socket, deadline: deadline).apply(
                    [.weight("blue-1", 9), .weight("blue-1", 8)], epoch: 1)
            }
            guard fake.lines.count == 2 else { continue }
            #expect(failure.kind == .unknownEffect)
            #expect(failure.summary.hasPrefix("edge-1"))
            #expect(failure.place == fake.socket)
            return
        }
        Issue.record("no change was sent")
    }

    @Test(
        "while looking may be tried again",
        arguments: [
            FakeHAProxy.Answer.text(""), .text("1\n# be_name"), .text(state), .silence(after: state),
            .endless(state + "\n"),
        ])
    func duringLook(_ answer: FakeHAProxy.Answer) async throws {
        let fake = try await FakeHAProxy([answer])
        defer { fake.stop() }
        let failure = try await #require(throws: Failure.self) {
            try await driver(fake.socket, deadline: .milliseconds(300)).observe()
        }
        #expect(failure.kind == .transient)
        #expect(failure.summary.hasPrefix("edge-1"))
    }

    @Test("that the process from before a reload took is made again to the new one, with all of its changes")
    func oldProcess() async throws {
        let changes: [ServerChange] = [.weight("blue-1", 8), .weight("blue-1", 9)]
        let old = FakeHAProxy.Answer.text("\n[3]: Proxy is disabled.\n\n[3]: Proxy is disabled.\n\n")
        let fake = try await FakeHAProxy([.text(state), old, .text("\n\n\n"), .text(state)])
        defer { fake.stop() }
        try await driver(fake.socket).apply(changes, epoch: 1)
        #expect(fake.lines.count == 4)
        #expect(fake.lines[1] == fake.lines[2])

        let stale = try await FakeHAProxy([.text(state), old])
        defer { stale.stop() }
        let failure = try await #require(throws: Failure.self) {
            try await driver(stale.socket).apply(changes, epoch: 1)
        }
        #expect(failure.summary == "edge-1 refused a weight: \"Proxy is disabled.\"")
        #expect(failure.advice?.contains("from before a reload") == true)
        #expect(stale.lines.count > 3)
    }

    @Test("to something that is no HAProxy is no passing trouble")
    func somethingElse() async throws {
        let fake = try await FakeHAProxy([
            .text("HTTP/1.0 400 Bad request\n\nContent-Type: text/html\n\nsorry\n\nbye\n\n")
        ])
        defer { fake.stop() }
        let failure = try await #require(throws: Failure.self) { try await driver(fake.socket).observe() }
        #expect(failure.kind == .permanent)
        #expect(failure.details == ["it is not a server state of version 1", "Content-Type: text/html"])
    }

    @Test(
        "that can't even be made reports the address", arguments: HAProxyProgram.all,
        ["unix:/nowhere/admin.sock", "tcp:127.0.0.1:CLOSED"])
    func refused(on haproxy: HAProxyProgram, _ pattern: String) async throws {
        try await withHAProxy(haproxy) { _ in
            ""
        } _: { lab in
            let socket = pattern.replacing("CLOSED", with: "\(lab.closedPort)")
            for _ in 0..<2 {
                let failure = try await #require(throws: Failure.self) {
                    try await driver(socket).apply([.weight("blue-1", 9)], epoch: 1)
                }
                #expect(failure.kind == .transient)
                #expect(failure.place == socket)
                #expect(failure.summary == "edge-1 can't be reached")
            }
        }
    }

    @Test("is over at once when the task is cancelled")
    func cancelled() async throws {
        let fake = try await FakeHAProxy([.silence(after: "")])
        defer { fake.stop() }
        let task = Task { try await driver(fake.socket, deadline: .seconds(600)).observe() }
        try await eventually("the question") { !fake.lines.isEmpty }
        task.cancel()
        let failure = await #expect(throws: Failure.self) { try await task.value }
        #expect(failure?.kind == .cancelled)
    }

    @Test("because of a setting that names no socket says how to write one")
    func badSetting() async throws {
        let failure = try await #require(throws: Failure.self) { try await driver("/run/haproxy.sock").observe() }
        #expect(failure.kind == .permanent)
        #expect(failure.advice == "Write unix:/path or tcp:host:port.")
    }
}

@Suite("A weight that does not stay", .serialized)
struct ReadBackTests {
    @Test("is none for a server that is held in maintenance: nothing makes it ready", arguments: [2, 32])
    func heldInMaintenance(bits: Int) async throws {
        let held = state.replacing("2 0 9", with: "0 \(bits) 9")
        let fake = try await FakeHAProxy([.text(held), .text("\n\n"), .text(held)])
        defer { fake.stop() }
        try await driver(fake.socket).apply([.state("blue-1", .ready)], epoch: 1)
        let weight = try await FakeHAProxy([.text(held), .text("\n\n"), .text(held)])
        defer { weight.stop() }
        let failure = try await #require(throws: Failure.self) {
            try await driver(weight.socket).apply([.weight("blue-1", 10)], epoch: 1)
        }
        #expect(failure.details == ["shop/blue-1: weight 10 was set, is 9, maint"])
    }

    @Test("fails the change")
    func differentWeight() async throws {
        let fake = try await FakeHAProxy([.text(state), .text("\n\n"), .text(state)])
        defer { fake.stop() }
        let failure = try await #require(throws: Failure.self) {
            try await driver(fake.socket).apply([.weight("blue-1", 10)], epoch: 1)
        }
        #expect(failure.kind == .transient)
        #expect(failure.details == ["shop/blue-1: weight 10 was set, is 9, ready"])
        #expect(fake.lines.dropFirst().first == "set severity-output number;set server shop/blue-1 weight 10")
    }

    @Test("fails the change when it is a state, or when the server is gone")
    func differentState() async throws {
        let fake = try await FakeHAProxy([.text(state), .text("\n\n\n"), .text(state)])
        defer { fake.stop() }
        let failure = try await #require(throws: Failure.self) {
            try await driver(fake.socket).apply([.state("blue-1", .drain), .weight("blue-2", 1)], epoch: 1)
        }
        #expect(
            failure.details == [
                "shop/blue-2: weight 1 was set, the server is gone", "shop/blue-1: drain was set, is ready",
            ])
    }
}
