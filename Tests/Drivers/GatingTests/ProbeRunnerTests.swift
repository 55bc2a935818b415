import FreePorts
import JSON
import Migration
import Testing

@testable import Gating

@Suite("A probe")
struct ProbeRunnerTests {
    @Test(
        "over HTTP passes with the expected status and no other",
        arguments: [
            (200, 200, Verdict.pass, "answered 200"), (503, 200, .fail, "answered 503, expected 200"),
            (302, 200, .fail, "answered 302, expected 200"), (302, 302, .pass, "answered 302"),
            (404, 404, .pass, "answered 404"),
        ])
    func http(status: Int, expected: Int, verdict: Verdict, words: String) async throws {
        try await StubServer.with { stub in
            try await stub.answers("GET", "/health", status, headers: ["Location": "/elsewhere"])
            let sample = await ask(.http(url: nil, path: "/health", expect: expected), target: stub.address)
            #expect(sample.verdict == verdict)
            #expect(sample.message == "GET \(stub.url)/health \(words)")
            #expect(sample.gate == "probe")
            #expect(sample.subject == "\(stub.url)/health")
            #expect(try await stub.recorded().map(\.path) == ["/health"])
        }
    }

    @Test("over HTTP goes to its own URL where it has one, filled in from the new color's servers")
    func ownURL() async throws {
        try await StubServer.with { stub in
            try await stub.answers("GET", "/x/health?token=hunter2", 200)
            let probe = Probe(
                .http(url: "http://{{ web[0].address }}/x", path: "/health?token=${env:TOKEN}", expect: 200))
            let inventory = Inventory(groups: ["web": [Host(name: "w", address: stub.address)]])
            let sample = await runner().ask(
                probe, target: "127.0.0.1:1", inventory: inventory, other: Inventory())
            // The path of a probe is no setting: what looks like one is asked as it stands.
            #expect(sample.verdict == .fail)
            let second = await runner().ask(
                Probe(.http(url: "http://{{ web[0].address }}/x/health?token=${env:TOKEN}", path: "", expect: 200)),
                target: nil, inventory: inventory, other: Inventory())
            #expect(second.verdict == .pass)
            #expect(!"\(second)".contains("hunter2"))
            #expect(try await stub.recorded().last?.path == "/x/health?token=hunter2")
        }
    }

    @Test("fails when no one listens")
    func refused() async throws {
        let port = try FreePorts.claim()
        let http = await ask(.http(url: nil, path: "/", expect: 200), target: "127.0.0.1:\(port)")
        #expect(http.verdict == .fail)
        #expect(http.message.contains("127.0.0.1:\(port)"))
        let tcp = await ask(.tcp(address: nil), target: "127.0.0.1:\(port)")
        #expect(tcp.verdict == .fail)
    }

    @Test("fails when no answer comes in time")
    func slow() async throws {
        try await StubServer.with { stub in
            try await stub.answers("GET", "/", 200, delay: 20)
            let probe = Probe(.http(url: nil, path: "/", expect: 200), timeout: Period(milliseconds: 200))
            #expect(
                await runner().ask(probe, target: stub.address, inventory: Inventory(), other: Inventory()).verdict
                    == .fail)
        }
    }

    @Test("over TCP passes when someone takes the connection")
    func tcp() async throws {
        try await StubServer.with { stub in
            let relative = await ask(.tcp(address: nil), target: stub.address)
            #expect(relative.verdict == .pass)
            #expect(relative.message == "\(stub.address) takes connections")
            let own = await ask(.tcp(address: Setting(stub.address)), target: nil)
            #expect(own.verdict == .pass)
        }
    }

    @Test(
        "that could not be asked says nothing",
        arguments: [
            (Probe.Kind.tcp(address: "no port"), "is not host:port"), (.tcp(address: "${env:NONE}"), "is not set"),
            (.http(url: "http://{{ web[0].address }}", path: "/", expect: 200), "has no value"),
            (.http(url: nil, path: "/", expect: 200), "no server"), (.tcp(address: nil), "no server"),
            (.command(["${env:NONE}"]), "is not set"), (.command(["absent"]), "no such program"),
        ])
    func inconclusive(kind: Probe.Kind, words: String) async {
        let sample = await ask(kind, target: nil)
        #expect(sample.verdict == .inconclusive)
        #expect(sample.message.contains(words), "\(sample.message)")
    }

    @Test(
        "by a program passes when it exits with 0",
        arguments: [(Int32(0), Verdict.pass), (1, .fail), (127, .fail), (-9, .fail)])
    func command(status: Int32, verdict: Verdict) async {
        let probe = Probe(.command(["check", "{{ web[0].name }}", "${env:TOKEN}"]), timeout: .seconds(7))
        let runner = ProbeRunner(resolver: resolver) { command, limit throws(Failure) in
            guard command == ["check", "green-web-1", "hunter2"], limit == .seconds(7) else {
                throw Failure("\(command)")
            }
            return status
        }
        let inventory = Inventory(groups: ["web": [Host(name: "green-web-1", address: "x")]])
        let sample = await runner.ask(probe, target: nil, inventory: inventory, other: Inventory())
        #expect(sample.verdict == verdict)
        #expect(sample.message == "check exited with \(status)")
    }

    private func ask(_ kind: Probe.Kind, target: String?) async -> GateSample {
        await runner().ask(Probe(kind), target: target, inventory: Inventory(), other: Inventory())
    }

    private func runner() -> ProbeRunner {
        ProbeRunner(resolver: resolver) { command, _ throws(Failure) in
            throw Failure("no such program: \(command[0])")
        }
    }
}
