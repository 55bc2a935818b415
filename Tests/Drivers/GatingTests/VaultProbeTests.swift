import FreePorts
import JSON
import Migration
import Testing

@testable import Gating

/// A fake as the real one can't be had: status codes and fields as its API documentation says.
@Suite("A probe of a Vault", .serialized)
struct VaultProbeTests {
    @Test(
        "passes when it is unsealed, active or standby, and else says what to do",
        arguments: [
            (200, Verdict.pass, "is unsealed and active"), (429, .pass, "a standby that forwards"),
            (473, .pass, "a performance standby"), (472, .fail, "secondary for disaster recovery"),
            (474, .fail, "does not reach its active server"), (501, .fail, "Run `vault operator init`"),
            (503, .fail, "is sealed. Run `vault operator unseal` there"), (530, .fail, "removed from its cluster"),
            (500, .fail, "answers 500"),
        ])
    func status(status: Int, verdict: Verdict, words: String) async throws {
        try await StubServer.with { stub in
            let health: JSON = [
                "initialized": .bool(status != 501), "sealed": .bool(status == 503), "version": "1.19.0",
            ]
            try await stub.answers("GET", "/v1/sys/health", status, health)
            let sample = await ask(.vault(url: Setting("http://{{ control[0].address }}:\(stub.port)")))
            #expect(sample.verdict == verdict)
            #expect(sample.message.contains(words), "\(sample.message)")
            #expect(try await stub.recorded().map(\.path) == ["/v1/sys/health"])
        }
    }

    @Test("does not take another server's word", arguments: [200, 429, 503])
    func another(status: Int) async throws {
        try await StubServer.with { stub in
            try await stub.answers("GET", "/v1/sys/health", status, text: "<h1>nginx</h1>")
            let sample = await ask(.vault(url: Setting(stub.url)))
            #expect(sample.verdict == .fail)
            #expect(sample.message.contains("what is not a Vault's health. Correct `url`"))
        }
    }

    @Test("fails where no one listens")
    func closed() async throws {
        let port = try FreePorts.claim()
        let sample = await ask(.vault(url: Setting("http://127.0.0.1:\(port)")))
        #expect(sample.verdict == .fail)
        #expect(sample.message.hasPrefix("Vault does not answer"))
    }
}
