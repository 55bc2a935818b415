import Foundation
import RedisTesting
import SandboxTesting
import Testing
import Waiting

/// As `TraefikTests`, with the configuration in a Redis.
@Suite(
    "A Traefik with its configuration in Redis in front of the sandbox", .serialized,
    .enabled(if: OuterTraefik.isHere && TestRedis.isHere, "there is no traefik or no redis-tools: run scripts/setup"))
struct TraefikRedisTests {
    private final class Made {
        var traefik: OuterTraefik?
        var process: Program?
    }

    @Test("goes back by a rollback, then is moved by a run that is killed and resumed, and fails no request")
    func moves() async throws {
        let settings = ["appendonly yes", "notify-keyspace-events AKE"]
        try await TestRedis.with(settings) { redis in
            let made = Made()
            try await SandboxFixture.with { sandbox in
                let traefik = try OuterTraefik(sandbox, in: redis)
                try await sandbox.build { try traefik.add(to: $0) }
                made.traefik = traefik
                made.process = try await traefik.start(sandbox)
            } _: { sandbox in
                let traefik = try #require(made.traefik)
                let users = SteadyUsers(traefik.url)
                let there = try await sandbox.run("update", "sandbox", "--yes", "--until", "drain")
                #expect(there.status == 3, "\(there.all.suffix(1500))")
                #expect(try await traefik.weights() == ["web-blue": 0, "web-green": 100])
                try await sandbox.succeed("rollback")
                #expect(try await traefik.weights() == ["web-blue": 100, "web-green": 0])
                try await moveKilled(sandbox, redis)
                #expect(try await traefik.weights() == ["web-blue": 0, "web-green": 100])
                let note = try await redis.get(
                    "traefik/http/middlewares/rz-epoch-sandbox/headers/customRequestHeaders/Rz-Resting")
                #expect(note == "web@redis/web-blue=maint:0")
                let (answered, failures) = await users.leave()
                #expect(failures == [])
                #expect(answered > 200)
                // Until here it lives.
                _ = made.process
            }
        }
    }

    private func moveKilled(_ sandbox: SandboxFixture, _ redis: TestRedis) async throws {
        let weight = "traefik/http/services/web/weighted/services/1/weight"
        let epoch = "traefik/http/middlewares/rz-epoch-sandbox/headers/customRequestHeaders/Rz-Epoch"
        let before = (try await redis.get(weight), try await redis.get(epoch))
        let rz = try sandbox.start(["update", "sandbox", "--yes", "--json"])
        // A change waits for the next check: it is under way.
        try await eventually("a change") {
            let now = (try await redis.get(weight), try await redis.get(epoch))
            return now.0 != before.0 && now.1 != before.1
        }
        rz.signal(SIGKILL)
        _ = try await rz.end()
        try await sandbox.succeed("resume")
    }
}
