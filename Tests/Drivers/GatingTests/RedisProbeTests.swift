import FreePorts
import Migration
import RedisTesting
import Testing

@testable import Gating

@Suite(
    "A probe of a Redis", .serialized,
    .enabled(if: TestRedis.isHere, "redis-tools is missing"))
struct RedisProbeTests {
    @Test(
        "passes for a primary that keeps its data",
        arguments: [
            (["appendonly yes", "save \"\""], "answers as primary and keeps an append-only file"),
            (["save 3600 1"], "answers as primary and takes snapshots"),
        ])
    func persistent(settings: [String], words: String) async throws {
        let sample = try await probe(settings) { Probe.Redis(address: $0) }
        #expect(sample.verdict == .pass, "\(sample.message)")
        #expect(sample.message.hasSuffix(words))
    }

    @Test("fails when a restart would lose everything, unless that is accepted with a reason")
    func volatile() async throws {
        let sample = try await probe(["save \"\""]) { Probe.Redis(address: $0) }
        #expect(sample.verdict == .fail)
        #expect(sample.message.contains("keeps nothing on disk: a restart loses all it holds"))
        #expect(sample.message.contains("`appendonly yes`"))
        let accepted = try await probe(["save \"\""]) { Probe.Redis(address: $0, withoutPersistence: "a cache") }
        #expect(accepted.verdict == .pass, "\(accepted.message)")
    }

    @Test("can't report where CONFIG is taken away and no append-only file is kept")
    func withoutConfiguration() async throws {
        let settings = ["rename-command CONFIG \"\""]
        let sample = try await probe(settings) { Probe.Redis(address: $0) }
        #expect(sample.verdict == .inconclusive)
        #expect(sample.message.contains("does not report whether it takes snapshots"))
        let kept = try await probe(settings + ["appendonly yes"]) { Probe.Redis(address: $0) }
        #expect(kept.verdict == .pass, "\(kept.message)")
    }

    @Test("needs its password")
    func password() async throws {
        let settings = ["requirepass hunter2", "appendonly yes"]
        let right = try await probe(settings) { Probe.Redis(address: $0, password: "${env:TOKEN}") }
        #expect(right.verdict == .pass, "\(right.message)")
        let none = try await probe(settings) { Probe.Redis(address: $0) }
        #expect(none.verdict == .inconclusive)
        #expect(none.message.hasSuffix("requires a password: set `password`"))
        let wrong = try await probe(settings) { Probe.Redis(address: $0, password: "guess") }
        #expect(wrong.verdict == .inconclusive)
        #expect(wrong.message.hasSuffix("rejected the password: correct `password`"))
    }

    @Test("must be what it is meant to be: a primary, or a replica that follows its own color")
    func role() async throws {
        let asReplica = try await probe(["appendonly yes"]) { Probe.Redis(address: $0, role: .replica) }
        #expect(asReplica.verdict == .fail)
        #expect(asReplica.message.contains("is a primary. Make it a replica"))
        try await TestRedis.with(["appendonly yes"]) { primary in
            let settings = ["appendonly yes", "replicaof 127.0.0.1 \(primary.port)", "repl-diskless-sync-delay 0"]
            try await TestRedis.with(settings) { replica in
                let redis = Probe.Redis(address: Setting(replica.address))
                let asPrimary = await ask(.redis(redis))
                #expect(asPrimary.verdict == .fail)
                #expect(asPrimary.message.contains("is a replica of 127.0.0.1, so nothing can be written to it"))
                var wanted = redis
                wanted.role = .replica
                let ofBlue = await ask(.redis(wanted), new: "127.0.0.2", old: "127.0.0.1")
                #expect(ofBlue.verdict == .fail)
                #expect(ofBlue.message.contains("is a replica of 127.0.0.1, a server of the old color"))
                let following = await ask(.redis(wanted), timeout: .seconds(5))
                // It may still be copying.
                #expect(
                    following.verdict == .pass || following.message.contains("no connection to its primary"),
                    "\(following.message)")
            }
        }
    }

    @Test("fails where no one listens")
    func closed() async throws {
        let port = try FreePorts.claim()
        let sample = await ask(.redis(Probe.Redis(address: Setting("127.0.0.1:\(port)"))))
        #expect(sample.verdict == .fail)
        #expect(sample.message.hasPrefix("Redis 127.0.0.1:\(port) does not answer"))
    }

    private func probe(_ settings: [String], _ redis: (Setting) -> Probe.Redis) async throws -> GateSample {
        try await TestRedis.with(settings) { server in
            await ask(.redis(redis(Setting(server.address))))
        }
    }
}

@Suite("What a Redis says of itself")
struct RedisConditionTests {
    @Test(
        "is judged field by field",
        arguments: [
            ("role:master\r\nloading:1\r\n", "", Verdict.fail, "is still loading its data"),
            (
                "role:master\r\naof_enabled:1\r\naof_last_write_status:err\r\n", "", .fail,
                "could not write its append-only"
            ),
            ("role:master\r\nrdb_last_bgsave_status:err\r\n", "3600 1", .fail, "could not write its last snapshot"),
            ("redis_version:7.0\r\n", "", .inconclusive, "does not report its role"), ("", nil, .inconclusive, "role"),
        ] as [(String, String?, Verdict, String)])
    func judged(information: String, snapshots: String?, verdict: Verdict, words: String) {
        let (found, message) = RedisCondition(information: information, snapshots: snapshots)
            .judge(Probe.Redis(address: "x"), ofOther: { _ in false })
        #expect(found == verdict)
        #expect(message.contains(words), "\(message)")
    }

    @Test("passes for a replica only with a connection to its primary")
    func replica() {
        let information = "role:slave\r\nmaster_host:10.0.0.1\r\nmaster_link_status:down\r\naof_enabled:1\r\n"
        let redis = Probe.Redis(address: "x", role: .replica)
        let down = RedisCondition(information: information, snapshots: "").judge(redis, ofOther: { _ in false })
        #expect(down.0 == .fail)
        #expect(down.1.contains("has no connection to its primary 10.0.0.1"))
        let up = RedisCondition(information: information.replacing("down", with: "up"), snapshots: "")
            .judge(redis, ofOther: { _ in false })
        #expect(up.0 == .pass)
    }
}

@Suite("A probe of what sends without an end")
struct EndlessRedisTests {
    /// A byte now and then, so that no single wait is long; whole after four seconds.
    private let drip = """
        import os, select, socketserver, sys, threading
        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                text = b"role:master\\r\\n" + b"#" * 40
                try:
                    self.request.recv(4096)
                    for byte in b"$%d\\r\\n%s\\r\\n" % (len(text), text):
                        # The client says nothing before it has the answer: what comes is its end.
                        if select.select([self.request], [], [], 0.06)[0]: return
                        self.request.sendall(bytes([byte]))
                    self.request.recv(4096)
                    self.request.sendall(b"*2\\r\\n$4\\r\\nsave\\r\\n$6\\r\\n3600 1\\r\\n")
                except OSError: pass
        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
        server = Server(("127.0.0.1", 0), Handler)
        print(server.server_address[1], flush=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()
        os._exit(0)
        """

    @Test("ends at its timeout, though each byte comes in time")
    func overall() async throws {
        try await Peer.with(drip) { peer in
            let sample = await ask(
                .redis(Probe.Redis(address: Setting(peer.address))), timeout: Period(milliseconds: 500))
            #expect(sample.verdict == .fail, "\(sample.message)")
            #expect(sample.message.contains("does not answer"), "\(sample.message)")
        }
    }
}
