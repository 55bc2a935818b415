import FreePorts
import JSON
import Migration
import Testing

@testable import Gating

/// Answers as the real one, Thanos and proxies in front of them give them; the real one is asked in `RealPrometheusTests`.
@Suite("A probe of a Prometheus")
struct PrometheusProbeTests {
    private func query(_ url: String = "http://p", min: Double? = nil, max: Double? = 0.01) -> PrometheusQuery {
        PrometheusQuery(name: "errors", url: Setting(url), query: "a{b=\"c d\"}+1", series: "a", min: min, max: max)
    }

    private func vector(_ series: (String, JSON)...) -> JSON {
        [
            "resultType": "vector",
            "result": .array(series.map { ["metric": $0.1, "value": [1_795_987_436.5, .string($0.0)]] }),
        ]
    }

    private func judged(
        _ data: JSON, warnings: [String] = [], min: Double? = nil, max: Double? = 0.01
    ) throws -> (verdict: Verdict, message: String, value: Double?) {
        PrometheusJudgement(query(min: min, max: max), try PrometheusAnswer(data, warnings: warnings)).judgement
    }

    @Test("passes where every number is within the limits, and shows the nearest")
    func within() throws {
        let judged = try judged(vector(("0.001", ["a": "x"]), ("0.01", ["__name__": "n", "b": "y", "a": "x"])))
        #expect(judged.verdict == .pass)
        #expect(judged.message == "0.01 of {a=\"x\", b=\"y\"}, at most 0.01")
        #expect(try self.judged(["resultType": "scalar", "result": [1, "0.0025"]]).message == "0.0025, at most 0.01")
    }

    @Test("fails where one of them is not, infinite ones too, and says of which series")
    func beyond() throws {
        let judged = try judged(vector(("0", [:]), ("0.0312345", ["c": "5xx"]), ("+Inf", [:]), ("NaN", [:])))
        #expect(judged.verdict == .fail)
        #expect(judged.message == "0.03123 of {c=\"5xx\"}, at most 0.01 and 1 more beyond it")
        #expect(judged.value == 0.0312345)
        #expect(try self.judged(vector(("3", [:])), min: 5, max: nil).message == "3, at least 5")
    }

    @Test("shows the highest number where there is no limit, and the lowest where it is below")
    func shown() throws {
        let numbers = vector(("3", [:]), ("7", [:]), ("5", [:]))
        #expect(try judged(numbers, max: nil).value == 7)
        #expect(try judged(numbers, min: 1, max: nil).value == 3)
        #expect(try judged(numbers, min: 1, max: 9).value == 7)
    }

    @Test("says nothing without data: no series, or NaN alone")
    func nothing() throws {
        let empty = try judged(vector())
        #expect(empty.verdict == .inconclusive && empty.value == nil)
        #expect(empty.message == "no data: the query gives no series")
        let zero = try judged(["resultType": "scalar", "result": [1, "NaN"]])
        #expect(zero.verdict == .inconclusive && zero.value == nil)
        #expect(zero.message == "no data: NaN, as where nothing was counted yet")
        #expect(try judged(vector(("NaN", [:]), ("0.001", [:]))).verdict == .pass)
    }

    @Test("does not pass by a part: a store that did not answer may hold what is beyond")
    func partial() throws {
        let judged = try judged(vector(("0.001", [:])), warnings: ["store eu-2 is gone"])
        #expect(judged.verdict == .inconclusive)
        #expect(judged.message == "0.001, but not all is known: store eu-2 is gone")
        #expect(judged.value != nil)
        #expect(try self.judged(vector(("0.5", [:])), warnings: ["store eu-2 is gone"]).verdict == .fail)
    }

    @Test("explains what gives no number")
    func others() throws {
        func reason(_ data: JSON) -> String {
            do throws(PrometheusServer.Refusal) {
                _ = try PrometheusAnswer(data, warnings: [])
                return "none"
            } catch { return error.message }
        }
        #expect(
            reason(["resultType": "matrix", "result": []]).contains("gives a matrix: write one that gives a number"))
        #expect(reason(["resultType": "string", "result": [1, "x"]]).contains("gives a string"))
        #expect(reason(["resultType": "scalar", "result": [1]]).contains("no number"))
        #expect(
            reason(["resultType": "vector", "result": [["metric": [:], "histogram": [1, [:]]]]])
                .contains("histogram_quantile"))
    }

    // MARK: - Over HTTP

    @Test("asks by POST below its path, with who asks")
    func asks() async throws {
        try await StubServer.with { stub in
            let answer: JSON = ["status": "success", "data": vector(("0.005", [:]))]
            try await stub.answers("POST", "/prom/api/v1/query", 200, answer)
            var query = query(stub.url + "/prom/")
            query.token = "${file:TOKEN}"
            let sample = await ask(.prometheus(query))
            #expect(sample.verdict == .pass, "\(sample.message)")
            #expect(sample.message == "errors: 0.005, at most 0.01")
            let asked = try await stub.recorded()
            #expect(
                asked.map(\.body) == [
                    "query=max%28time%28%29%20-%20timestamp%28a%29%29", "query=a%7Bb%3D%22c%20d%22%7D%2B1",
                ])
            #expect(asked.allSatisfy { $0.path == "/prom/api/v1/query" && $0.authorization == "Bearer hunter2" })
        }
    }

    @Test(
        "that does not answer proves nothing about the new color, and says what to do",
        arguments: [
            (
                400, "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"1:6: parse error\"}",
                "1:6: parse error"
            ),
            (422, "{\"status\":\"error\",\"error\":\"too many samples\"}", "too many samples. Correct `query`"),
            (401, "", "Set `user` and `password`, or `token`"), (404, "<h1>nginx</h1>", "Correct `url`"),
            (200, "<h1>Grafana</h1>", "not as a Prometheus"),
            (503, "{\"error\":\"query timed out\"}", "query timed out"),
            (302, "", "answers 302"),
        ])
    func refused(status: Int, body: String, words: String) async throws {
        try await StubServer.with { stub in
            try await stub.answers(
                "POST", "/api/v1/query", status, text: body, headers: ["Location": "http://x.invalid/"])
            let sample = await ask(.prometheus(query(stub.url)))
            #expect(sample.verdict == .inconclusive)
            #expect(sample.samples == nil)
            #expect(sample.message.contains(words), "\(sample.message)")
        }
    }

    @Test("that is not there says nothing, too")
    func closed() async throws {
        let port = try FreePorts.claim()
        let sample = await ask(.prometheus(query("http://127.0.0.1:\(port)")))
        #expect(sample.verdict == .inconclusive)
        #expect(sample.message.hasPrefix("errors: Prometheus does not answer: "), "\(sample.message)")
    }

    @Test("takes no old samples for the present, and no missing ones for a pass")
    func ages() async throws {
        try await StubServer.with { stub in
            try await stub.answers("POST", "/api/v1/query", 200, ["status": "success", "data": vector(("61.5", [:]))])
            let old = await ask(.prometheus(query(stub.url, max: 100)))
            #expect(old.verdict == .inconclusive && old.samples == nil)
            #expect(old.message == "errors: the last sample of a is 61.5 s old, at most 1m is taken")
            try await stub.answers("POST", "/api/v1/query", 200, ["status": "success", "data": vector()])
            let none = await ask(.prometheus(query(stub.url)))
            #expect(none.verdict == .inconclusive && none.samples == 0)
            #expect(none.message == "errors: no data: no series matches a")
        }
    }
}
