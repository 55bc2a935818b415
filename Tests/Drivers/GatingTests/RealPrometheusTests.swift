import Foundation
import FreePorts
import Migration
import PrometheusTesting
import Testing
import Waiting

@testable import Gating

@Suite(
    "A probe of a real Prometheus", .serialized,
    .enabled(if: PrometheusProgram.isHere, "there is no prometheus: run scripts/setup"))
struct RealPrometheusTests {
    /// What is measured: counters that grow, and one whose exporter dates its samples itself, as some do.
    private static let exporter = """
        import http.server, sys, threading, os, time
        count = 0
        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *words): pass
            def do_GET(self):
                global count
                count += 10
                text = "# TYPE requests_total counter\\n"
                for color, bad in ("blue", 0), ("green", count // 5):
                    text += 'requests_total{color="%s",code="2xx"} %d\\n' % (color, count - bad)
                    text += 'requests_total{color="%s",code="5xx"} %d\\n' % (color, bad)
                text += "# TYPE dated gauge\\ndated 7 %d\\n" % (time.time() * 1000)
                body = text.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        print(server.server_port, flush=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()
        os._exit(0)
        """

    private func query(
        _ prometheus: PrometheusProgram, _ text: String, series: String = "requests_total",
        maxAge: Period = .minutes(1),
        min: Double? = nil, max: Double? = nil
    ) -> Probe.Kind {
        .prometheus(
            PrometheusQuery(
                name: "errors", url: Setting(prometheus.url), query: text, series: series, maxAge: maxAge, min: min,
                max: max))
    }

    private func errors(_ color: String) -> String {
        "sum(rate(requests_total{color=\"\(color)\",code=\"5xx\"}[3s])) / sum(rate(requests_total{color=\"\(color)\"}[3s]))"
    }

    @Test("distinguishes the colors, and no data, NaN, and a query that it refuses")
    func verdicts() async throws {
        try await Peer.with(RealPrometheusTests.exporter) { exporter in
            try await PrometheusProgram.with(targets: [exporter.address]) { prometheus in
                try await eventually("rates of both colors", within: .seconds(60)) {
                    await ask(query(prometheus, errors("green"), min: 0.1)).verdict == .pass
                }
                let blue = await ask(query(prometheus, errors("blue"), max: 0.01))
                #expect(blue.verdict == .pass, "\(blue.message)")
                #expect(blue.message == "errors: 0, at most 0.01")
                let green = await ask(query(prometheus, errors("green"), max: 0.01))
                #expect(green.verdict == .fail, "\(green.message)")
                #expect(green.message.hasPrefix("errors: 0.2, at most 0.01"), "\(green.message)")

                let none = await ask(query(prometheus, "nothing_like_it", max: 1))
                #expect(none.verdict == .inconclusive && none.samples == 0)
                let zero = await ask(query(prometheus, "sum(requests_total) * 0 / 0", max: 1))
                #expect(zero.verdict == .inconclusive && zero.samples == 0)
                let wrong = await ask(query(prometheus, "rate(requests_total", max: 1))
                #expect(wrong.verdict == .inconclusive && wrong.samples == nil)
                #expect(
                    wrong.message.contains("unclosed left parenthesis. Correct `query` or `series`"), "\(wrong.message)"
                )
                let range = await ask(query(prometheus, "requests_total[3s]", max: 1))
                #expect(range.message.contains("gives a matrix"), "\(range.message)")
            }
        }
    }

    @Test("takes nothing for the present whose exporter is gone, though Prometheus still answers with it")
    func stale() async throws {
        try await Peer.with(RealPrometheusTests.exporter) { exporter in
            try await PrometheusProgram.with(targets: [exporter.address]) { prometheus in
                let dated = query(prometheus, "dated", series: "dated", maxAge: .seconds(2), max: 10)
                try await eventually("a sample", within: .seconds(60)) { await ask(dated).verdict == .pass }
                exporter.stop()
                try await eventually("it to be old") { await ask(dated).verdict == .inconclusive }
                let sample = await ask(dated)
                #expect(sample.message.contains("s old, at most 2s is taken"), "\(sample.message)")
                let alone = await ask(query(prometheus, "dated", series: "dated", maxAge: .minutes(60), max: 10))
                #expect(alone.verdict == .pass, "it is answered for minutes: \(alone.message)")
            }
        }
    }
}
