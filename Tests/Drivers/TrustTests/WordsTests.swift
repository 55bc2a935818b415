import Foundation
import FreePorts
import Migration
import RedisTesting
import TLSTesting
import Testing
import Transport
import Waiting

@testable import Clusters
@testable import Trust

@Suite("A call over TLS that fails", .serialized)
struct WordsTests {
    private static let key = "services.sources[].metronome"

    @Test("names the true cause, and what to write where")
    func causes() async throws {
        let authority = try TestAuthority("Shop authority")
        let trusted = TLSRules(authorities: Setting(authority.file))
        let place = "at \(WordsTests.key) in environment.yaml"
        let yesterday = String(
            Instant(milliseconds: Int64(Date().timeIntervalSince1970 - 86_400) * 1000).description.prefix(10))
        let cases: [(TestCertificate, TLSRules?, String, String)] = [
            (
                try authority.issue(["IP:127.0.0.1"], days: -1), trusted,
                "a certificate of SERVER expired on \(yesterday)", "Give the server a new one"
            ),
            (
                try authority.issue(["DNS:master.mesos", "DNS:leader.mesos"]), trusted,
                "the certificate of SERVER is not for 127.0.0.1, but for master.mesos, leader.mesos",
                "set `tls: { serverName: master.mesos }` \(place)"
            ),
            (
                try TestCertificate.selfSigned(["IP:127.0.0.1"]), nil,
                "the certificate of SERVER is self-signed, and rz does not trust it here",
                "put its certificate into a file, and name it by `tls: { authorities: FILE }` \(place)"
            ),
            (
                try authority.issue(["IP:127.0.0.1"]), nil,
                "the certificate of SERVER was issued by an authority that rz does not trust here: CN = Shop authority",
                "put that authority's certificate into a file, and name it by `tls: { authorities: FILE }` \(place)"
            ),
        ]
        for (certificate, rules, summary, advice) in cases {
            try await TLSServer.with(certificate) { server in
                let failure = try await failure(server, rules)
                #expect(
                    failure.summary == "Metronome can't be called over TLS: "
                        + summary.replacing("SERVER", with: server.address))
                #expect(failure.advice?.lowercased().contains(advice.lowercased()) == true, "\(failure.advice ?? "")")
                #expect(failure.kind == .permanent)
            }
        }
    }

    @Test("because the server demands a certificate says so, and works once it is there")
    func clientCertificate() async throws {
        let authority = try TestAuthority()
        let client = try authority.issue(["DNS:rz"])
        try await TLSServer.with(try authority.issue(["IP:127.0.0.1"]), demanding: authority.file) { server in
            var rules = TLSRules(authorities: Setting(authority.file))
            let failure = try await failure(server, rules)
            #expect(
                failure.summary
                    == "Metronome can't be called over TLS: \(server.address) demands a client certificate")
            #expect(failure.advice?.contains("clientCertificate: { certificate: FILE") == true)
            rules.clientCertificate = TLSRules.ClientCertificate(
                certificate: Setting(client.file), key: Setting("${file:\(client.key)}"))
            _ = try await metronome(server, rules).observePlatform()
            #expect(server.requests.count == 2)
        }
    }

    @Test("with a key that others may read is not made")
    func keyMode() async throws {
        let authority = try TestAuthority()
        let client = try authority.issue(["DNS:rz"])
        let rules = TLSRules(
            authorities: Setting(authority.file),
            clientCertificate: TLSRules.ClientCertificate(
                certificate: Setting(client.file), key: Setting("${file:\(client.key)}")))
        try await TLSServer.with(try authority.issue(["IP:127.0.0.1"])) { server in
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: client.key)
            let failure = try await failure(server, rules)
            #expect(failure.summary == "Users other than its owner can read the private key \(client.key)")
            #expect(failure.advice == "Run: chmod 600 \(client.key)")
            #expect(server.log.isEmpty)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: client.key)
            _ = try await metronome(server, rules).observePlatform()
            #expect(
                !"\(try TLSAccess(rules, at: "x", inventory: Inventory(), resolver: files).options())".contains("KEY"))
        }
    }

    @Test("goes on where the server was built again, once the file holds its new certificate")
    func rotated() async throws {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let trust = folder + "/trust.pem"
        func trusting(_ certificate: TestCertificate) throws {
            try certificate.text.write(toFile: trust, atomically: true, encoding: .utf8)
        }
        let first = try TestCertificate.selfSigned(["IP:127.0.0.1"])
        let second = try TestCertificate.selfSigned(["IP:127.0.0.1"])
        try await TLSServer.with(first) { server in
            try trusting(first)
            let cluster = try metronome(server, TLSRules(authorities: Setting(trust)))
            _ = try await cluster.observePlatform()
            try server.show(second)
            // A new connection: no request that may change something takes one that was used before.
            let failure = try await #require(throws: Failure.self) { try await cluster.runOnce("x") }
            #expect(failure.summary.contains("is self-signed"))
            try trusting(second)
            try await cluster.runOnce("x")
            _ = try await cluster.observePlatform()
        }
    }

    @Test("is not there where a reason says that nothing is verified")
    func insecure() async throws {
        try await TLSServer.with(try TestCertificate.selfSigned(["DNS:elsewhere"])) { server in
            _ = try await metronome(server, TLSRules(insecure: "no authority yet")).observePlatform()
            #expect(server.requests.count == 2)
        }
    }

    @Test("without it, to a server that speaks nothing else, says how to write the URL")
    func missing() async throws {
        let authority = try TestAuthority()
        try await TLSServer.with(try authority.issue(["IP:127.0.0.1"])) { server in
            let failure = try await failure(server, nil, url: "http://" + server.address)
            #expect(failure.advice?.hasSuffix("If it speaks TLS, write https:// in its URL.") == true)
        }
    }

    @Test(
        "is a call to Redis, too",
        .enabled(if: TestRedis.isHere, "redis-tools is missing"))
    func redis() async throws {
        let authority = try TestAuthority()
        let other = try TestAuthority()
        let port = try FreePorts.claim()
        let certificate = try authority.issue(["DNS:redis.mesos"])
        // Its files go with it.
        defer { withExtendedLifetime(certificate) {} }
        let secured = TestRedis.tls(at: port, certificate, of: authority)
        try await TestRedis.with(secured + ["requirepass hush", "save \"\""]) { _ in
            let rules = TLSRules(authorities: Setting(authority.file), serverName: "redis.mesos")
            let access = TLSAccess(rules, at: "redis", inventory: Inventory(), resolver: files)
            let address = try #require(SocketAddress("tcp:127.0.0.1:\(port)"))
            try await eventually {
                guard var connection = try? await RedisConnection(address, tls: access.options()) else { return false }
                defer { connection.close() }
                _ = try await connection.call("AUTH", "hush")
                _ = try await connection.call("SELECT", "1")
                let value =
                    #"{"TaskID":"mc_shop_web.1","TaskName":"mc:shop:web","Padding":"\#(String(repeating: "x", count: 100_000))"}"#
                _ = try await connection.call("SET", "mc:mc_shop_web:1", value)
                return true
            }
            func records(_ rules: TLSRules?) throws -> RedisRecords {
                try RedisRecords(
                    ServiceSource.Redis(address: Setting("127.0.0.1:\(port)"), password: "hush", tls: rules),
                    inventory: Inventory(), resolver: files)
            }
            #expect(try await records(rules).tasks().map(\.id) == ["mc_shop_web.1"])
            let clear = try await #require(throws: Failure.self) { try await records(nil).tasks() }
            #expect(!clear.summary.isEmpty)
            let wrong = try await #require(throws: Failure.self) {
                try await records(TLSRules(authorities: Setting(other.file), serverName: "redis.mesos")).tasks()
            }
            #expect(
                wrong.summary.hasPrefix(
                    "Redis can't be called over TLS: the certificate of 127.0.0.1:\(port) was issued by an authority that rz does not trust here"
                ))
            let name = try await #require(throws: Failure.self) {
                try await records(TLSRules(authorities: Setting(authority.file))).tasks()
            }
            #expect(name.summary.hasSuffix("is not for 127.0.0.1, but for redis.mesos"))
            #expect(name.advice?.contains("at services.sources[].compose.redis in environment.yaml") == true)
        }
    }

    private func metronome(_ server: TLSServer, _ rules: TLSRules?, url: String? = nil) throws -> MetronomeCluster {
        try MetronomeCluster(
            ServiceSource.Access(url: Setting(url ?? server.url), tls: rules), inventory: Inventory(), resolver: files
        ) { Instant(milliseconds: 0) }
    }

    private func failure(_ server: TLSServer, _ rules: TLSRules?, url: String? = nil) async throws -> Failure {
        try await #require(throws: Failure.self) { try await metronome(server, rules, url: url).observePlatform() }
    }
}

/// Knows files by their absolute paths.
let files: Resolver = { setting throws(Failure) in
    var text = ""
    for part in setting.parts {
        switch part {
        case .text(let literal): text += literal
        case .reference(_, let name):
            guard let content = try? String(contentsOfFile: name.text, encoding: .utf8) else {
                throw Failure("\(name) is not there")
            }
            text += content
        }
    }
    return text
}
