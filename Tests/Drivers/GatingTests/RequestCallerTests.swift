import FreePorts
import JSON
import Migration
import Testing

@testable import Gating

@Suite("A request of a runbook")
struct RequestCallerTests {
    private let caller = RequestCaller(resolver: resolver)

    @Test("is made as it was written, with its secrets and servers filled in")
    func made() async throws {
        try await StubServer.with { stub in
            try await stub.answers("POST", "/hook", 202)
            let work = HTTPWork(
                method: "POST", url: "http://{{ hook[0].address }}/hook",
                headers: ["Authorization": "Bearer ${env:TOKEN}"],
                body: #"{"token":"${env:TOKEN}"}"#, expect: 202)
            _ = try await caller.call(
                work, inventory: Inventory(groups: ["hook": [Host(name: "h", address: stub.address)]]))
            let recorded = try await stub.recorded()
            #expect(recorded.map(\.method) == ["POST"])
            #expect(recorded.map(\.authorization) == ["Bearer hunter2"])
            #expect(recorded.map(\.body) == [#"{"token":"hunter2"}"#])
        }
    }

    @Test("gives what its answer holds where the outputs say, each as it was written there")
    func outputs() async throws {
        try await StubServer.with { stub in
            let answer = #"{"ticket":{"id":"CHG-4711"},"hosts":[{"up":true}],"load":1.50,"none":null,"all":{}}"#
            try await stub.answers("POST", "/tickets", 200, text: answer)
            func output(_ at: String) -> StepOutput { StepOutput(.text, at: at) }
            let work = HTTPWork(
                method: "POST", url: Setting(stub.url + "/tickets"),
                outputs: [
                    "id": output("/ticket/id"), "up": output("/hosts/0/up"), "load": output("/load"),
                    "none": output("/none"), "all": output("/all"), "absent": output("/hosts/1/up"),
                ])
            let given = try await caller.call(work, inventory: Inventory())
            #expect(given == ["id": "CHG-4711", "up": "true", "load": "1.50"])
        }
    }

    @Test("that is to give something fails where the answer is no JSON, and is not made again")
    func noJSON() async throws {
        try await StubServer.with { stub in
            try await stub.answers("GET", "/x", 200, text: "<html>")
            let failure = try await failure(
                HTTPWork(url: Setting(stub.url + "/x"), outputs: ["id": StepOutput(.text, at: "/id")]))
            #expect(failure.summary == "The answer is no JSON" && failure.kind == .permanent)
        }
    }

    @Test(
        "fails with another status than expected, and may be repeated where that helps",
        arguments: [
            ("GET", 404, Failure.Kind.permanent), ("GET", 503, .transient), ("POST", 503, .unknownEffect),
            ("POST", 429, .transient), ("PUT", 400, .permanent), ("GET", 204, .permanent),
        ])
    func status(method: String, status: Int, kind: Failure.Kind) async throws {
        try await StubServer.with { stub in
            try await stub.answers(method, "/x", status)
            let url = "\(stub.url)/x?token=${env:TOKEN}"
            let failure = try await failure(HTTPWork(method: method, url: Setting(url)))
            #expect(failure.kind == kind)
            #expect(failure.summary == "Answered \(status), expected 200")
            // The place is the setting as it was written: its secrets stay out.
            #expect(failure.place == "\(method) \(url)")
        }
    }

    @Test(
        "whose server reads it and closes the connection was sent once, if it may change something",
        arguments: ["POST", "PUT", "PATCH", "DELETE"])
    func once(method: String) async throws {
        try await StubServer.with { stub in
            try await stub.closes(method, "/hook")
            try await stub.answers("GET", "/there", 200)
            // Connections to the server wait to be used again.
            for _ in 0..<2 {
                _ = try await caller.call(HTTPWork(url: Setting(stub.url + "/there")), inventory: Inventory())
            }
            let failure = try await failure(HTTPWork(method: method, url: Setting(stub.url + "/hook")))
            #expect(failure.kind == .unknownEffect)
            #expect(try await stub.recorded().filter { $0.path == "/hook" }.count == 1)
        }
    }

    @Test("that reaches no one may be repeated")
    func refused() async throws {
        let nobody = "http://127.0.0.1:\(try FreePorts.claim())"
        let failure = try await failure(HTTPWork(url: Setting("\(nobody)/?t=${env:TOKEN}")))
        #expect(failure.kind == .transient)
        #expect(!"\(failure)".contains("hunter2"))
    }

    @Test("that holds a secret follows no redirect, and says where it led")
    func redirected() async throws {
        try await StubServer.with { other in
            try await StubServer.with { stub in
                let target = other.url + "/taken"
                try await stub.answers("POST", "/hook", 307, headers: ["Location": .string(target)])
                let works = [
                    HTTPWork(method: "POST", url: Setting(stub.url + "/hook?t=${env:TOKEN}")),
                    HTTPWork(
                        method: "POST", url: Setting(stub.url + "/hook"), headers: ["X-Token": "${env:TOKEN}"]),
                    HTTPWork(method: "POST", url: Setting(stub.url + "/hook"), body: "${env:TOKEN}"),
                ]
                for work in works {
                    let failure = try await failure(work)
                    #expect(failure.summary == "Answered 307, expected 200")
                    #expect(failure.details == ["it redirects to \(target)"])
                    #expect(!"\(failure)".contains("hunter2"))
                }
                #expect(try await other.recorded().isEmpty)
            }
        }
    }

    @Test("without a secret follows as many redirects as it says, and none where it says nothing")
    func redirects() async throws {
        try await StubServer.with { stub in
            try await stub.answers("GET", "/hook", 302, headers: ["Location": "/there"])
            try await stub.answers("GET", "/there", 200)
            var work = HTTPWork(url: Setting(stub.url + "/hook"))
            #expect(try await failure(work).summary == "Answered 302, expected 200")
            work.redirects = 1
            _ = try await caller.call(work, inventory: Inventory())
            #expect(try await stub.recorded().map(\.path) == ["/hook", "/hook", "/there"])

            // Of a host that is not its own it is said where it led.
            try await stub.answers(
                "POST", "/hook", 307, headers: ["Location": .string("http://localhost:\(stub.port)/there")])
            work.method = "POST"
            work.body = "text"
            let foreign = try await failure(work)
            #expect(foreign.summary.contains("redirects from \(stub.url) to http://localhost:\(stub.port)"))
            #expect(foreign.advice?.hasPrefix("Write the URL that it leads to") == true)
        }
    }

    @Test("goes through the proxy of the environment where it leads out of the color, and so do probes")
    func proxy() async throws {
        try await StubServer.with { proxy in
            try await proxy.answers("GET", "http://out.invalid/", 200)
            try await proxy.answers("GET", "http://out.invalid/v1/sys/health", 200, ["initialized": true])
            let rules = ProxyRules(url: Setting(proxy.url))
            let caller = RequestCaller(resolver: resolver, proxy: rules)
            _ = try await caller.call(HTTPWork(url: "http://out.invalid/hook"), inventory: Inventory())
            let runner = ProbeRunner(resolver: resolver, proxy: rules) { _, _ throws(Failure) in 0 }
            let kinds: [Probe.Kind] = [
                .http(url: "http://out.invalid", path: "/up", expect: 200), .vault(url: "http://out.invalid"),
            ]
            for kind in kinds {
                let sample = await runner.ask(Probe(kind), target: nil, inventory: Inventory(), other: Inventory())
                #expect(sample.verdict == .pass, "\(sample.message)")
            }
            #expect(
                try await proxy.recorded().map(\.path) == [
                    "http://out.invalid/hook", "http://out.invalid/up", "http://out.invalid/v1/sys/health",
                ])
        }
    }

    @Test("with a setting that has no value is never made")
    func unresolved() async throws {
        #expect(try await failure(HTTPWork(url: "http://{{ a[0].address }}/")).summary.contains("a[0].address"))
        #expect(try await failure(HTTPWork(url: "http://127.0.0.1/${env:NONE}")).summary.contains("not set"))
    }

    private func failure(_ work: HTTPWork) async throws -> Failure {
        do throws(Failure) {
            _ = try await caller.call(work, inventory: Inventory())
        } catch {
            return error
        }
        throw Failure("it did not fail")
    }
}
