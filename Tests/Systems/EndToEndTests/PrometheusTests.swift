import Foundation
import FreePorts
import PrometheusTesting
import SandboxTesting
import Testing
import Waiting

/// A real Prometheus that scrapes the load balancers, and is all that judges the new color.
@Suite(
    "A cutover judged by a Prometheus", .serialized,
    .enabled(if: PrometheusProgram.isHere, "there is no prometheus: run scripts/setup"))
struct PrometheusTests {
    private func with(_ test: (SandboxFixture, PrometheusProgram) async throws -> Void) async throws {
        let made = Made()
        try await SandboxFixture.with { sandbox in
            try await sandbox.build { sandbox in made.prometheus = try scraping(sandbox) }
        } _: { sandbox in
            let prometheus = try #require(made.prometheus)
            defer { prometheus.stop() }
            try await test(sandbox, prometheus)
        }
    }

    private final class Made { var prometheus: PrometheusProgram? }

    /// Has the load balancers tell their numbers, a Prometheus ask for them, and the cutover be judged by it.
    private func scraping(_ sandbox: SandboxFixture) throws -> PrometheusProgram {
        let port = try FreePorts.claim()
        try sandbox.edit(
            "\(sandbox.root)/environments/sandbox/haproxy/edge.cfg.template", replacing: "\nfrontend users\n",
            with: """

                frontend metrics
                    bind @ADDRESS@:\(port)
                    http-request use-service prometheus-exporter

                frontend users

                """)
        let prometheus = try PrometheusProgram(targets: ["127.0.10.1:\(port)", "127.0.10.2:\(port)"])
        try sandbox.edit(
            sandbox.environmentFile,
            replacing: "- loadBalancers: { errorRate: { max: 1% }, whenIdle: ignore }",
            with: """
                - prometheus:
                          name: failed answers
                          url: \(prometheus.url)
                          query: >-
                            sum(rate(haproxy_server_http_responses_total{server=~"{{ new }}.*",code="5xx"}[2s]))
                            / sum(rate(haproxy_server_http_responses_total{server=~"{{ new }}.*"}[2s]))
                          series: 'haproxy_server_http_responses_total{server=~"{{ new }}.*"}'
                          maxAge: 5s
                          max: 0.01
                          interval: 500ms
                """)
        return prometheus
    }

    @Test("is refused where it reports a higher peak than the new color can take, and where it has no data")
    func peak() async throws {
        try await with { sandbox, prometheus in
            func planned(_ query: String) async throws -> Program.Ended {
                let before = try String(contentsOfFile: sandbox.environmentFile, encoding: .utf8)
                defer { try? before.write(toFile: sandbox.environmentFile, atomically: true, encoding: .utf8) }
                let limits = """

                    limits:
                      headroom: 1
                      peaks:
                        - name: last hour
                          url: \(prometheus.url)
                          query: '\(query)'
                          series: 'haproxy_backend_current_sessions{proxy="{{ backend }}"}'

                    """
                try (before + limits).write(toFile: sandbox.environmentFile, atomically: true, encoding: .utf8)
                return try await sandbox.run("plan", "sandbox")
            }
            let question = "max(max_over_time(haproxy_backend_current_sessions{proxy=\"{{ backend }}\"}[1h]))"
            try await eventually("a peak of users that is high enough for no one") {
                let plan = try await planned(question + " + 100000")
                return plan.status == 5 && plan.words.contains("limits.headroom asks for 10000")
            }
            let high = try await planned(question + " + 100000")
            #expect(high.words.contains("as last hour reports"), "\(high.all)")
            let none = try await planned("haproxy_backend_nothing{proxy=\"{{ backend }}\"}")
            #expect(none.status == 5, "\(none.all)")
            #expect(
                none.words.contains(
                    "the peak that limits.headroom asks for is not known: last hour: no data: the query gives no series"
                ),
                "\(none.all)")
        }
    }

    @Test("goes on where it has numbers within the limit, and fails no request")
    func moves() async throws {
        try await with { sandbox, _ in
            let plan = try await sandbox.run("plan", "sandbox")
            #expect(plan.status == 2, "\(plan.all)")
            let words = plan.words
            #expect(words.contains("failed answers at most 0.01, asked of Prometheus every 500ms"), "\(plan.all)")
            #expect(words.contains("its query looks back 2s, longer than the 1s that 10 % are watched"), "\(plan.all)")
            let users = try Users(sandbox)
            let ended = try await sandbox.run("update", "sandbox", "--yes")
            #expect(ended.status == 0, "\(ended.all.suffix(1500))")
            try await users.expectNoFailure()
            #expect(try await sandbox.live() == "green")
        }
    }

    @Test("gives the traffic back where green answers errors, which nothing else judges")
    func errors() async throws {
        try await with { sandbox, _ in
            let built = try await sandbox.run("update", "sandbox", "--yes", "--until", "serviceGate")
            #expect(built.status == 3, "\(built.all.suffix(600))")
            try sandbox.setSickness("errors", of: "/shop/web", on: "green")
            let users = try Users(sandbox)
            let ended = try await sandbox.run("resume")
            #expect(ended.status == 3)
            #expect(ended.output.contains("HALTED in cutOver, all traffic is on blue"), "\(ended.all.suffix(1500))")
            #expect(ended.output.contains("green failed the gate prometheus"), "\(ended.all.suffix(1500))")
            #expect(ended.output.contains("failed answers: "), "\(ended.all.suffix(1500))")
            #expect(try await sandbox.live() == "blue")
            _ = users
        }
    }

    @Test("holds while it does not answer, and says so")
    func silent() async throws {
        try await with { sandbox, prometheus in
            let built = try await sandbox.run("update", "sandbox", "--yes", "--until", "serviceGate")
            #expect(built.status == 3, "\(built.all.suffix(600))")
            prometheus.stop()
            let users = try Users(sandbox)
            let rz = try sandbox.start(["resume", "--json"])
            try await rz.waitForOutput("failed answers: Prometheus does not answer")
            rz.signal(SIGINT)
            let ended = try await rz.end()
            #expect(ended.status == 130, "\(ended.all.suffix(1500))")
            #expect(!ended.output.contains("\"share\":\"50%\""), "\(ended.all.suffix(1500))")
            try await users.expectNoFailure()
        }
    }
}

extension Program.Ended {
    /// What it printed, without its line breaks.
    fileprivate var words: String { all.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
