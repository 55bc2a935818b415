import Migration
import Runbooks
import Testing

@Suite("prometheus in environment.yaml")
struct PrometheusKeysTests {
    private static let keys =
        "name: errors, url: \"https://p:9090\", query: 'sum(rate(e[1m]))', series: 'e{c=\"{{ new }}\"}'"

    private func gates(_ text: String) throws -> Gates {
        try Project().environment(Sample.environment + "\ngates: { \(text) }\n").gates
    }

    private func problems(_ keys: String) throws -> [String] {
        let error = #expect(throws: ConfigurationError.self) {
            try gates("cutOver: { analysis: [ { prometheus: { \(keys) } } ] }")
        }
        return error?.problems.map(\.message) ?? []
    }

    @Test("is an analysis and a probe, with defaults that are reported")
    func both() throws {
        let gates = try gates(
            "cutOver: { analysis: [ { prometheus: { \(Self.keys), max: 0.01 } } ] }, "
                + "service: { probes: [ { prometheus: { \(Self.keys), min: -1 }, timeout: 3s } ] }")
        var query = PrometheusQuery(
            name: "errors", url: "https://p:9090", query: "sum(rate(e[1m]))", series: "e{c=\"{{ new }}\"}", max: 0.01)
        #expect(gates.cutOver.analysis == [.prometheus(.init(query))])
        #expect(query.maxAge == .minutes(1))
        (query.max, query.min) = (nil, -1)
        #expect(gates.service.probes == [Probe(.prometheus(query), timeout: .seconds(3))])
    }

    @Test("has every key its value")
    func whole() throws {
        let gates = try gates(
            "cutOver: { analysis: [ { prometheus: { \(Self.keys), max: 1e-2, min: 0, maxAge: 30s, user: u, "
                + "password: \"${file:/p}\", tls: { serverName: p.example.org }, timeout: 3s, interval: 10s, "
                + "failures: 3, whenIdle: ignore } } ] }")
        let query = PrometheusQuery(
            name: "errors", url: "https://p:9090", query: "sum(rate(e[1m]))", series: "e{c=\"{{ new }}\"}",
            maxAge: .seconds(30), min: 0, max: 0.01, user: "u", password: "${file:/p}")
        #expect(
            gates.cutOver.analysis == [
                .prometheus(
                    .init(
                        query, tls: TLSRules(serverName: "p.example.org"), timeout: .seconds(3), interval: .seconds(10),
                        failures: 3, whenIdle: .ignore))
            ])
    }

    @Test("refuses what judges nothing, and an age that no one could know")
    func refused() throws {
        #expect(try problems(Self.keys) == ["a query without `max` and `min` judges nothing"])
        let expression = try problems("name: e, url: \"http://p\", query: e, series: 'rate(e[1m])', max: 1")
        #expect(expression.count == 1 && expression[0].contains("of an expression no age is known"), "\(expression)")
        #expect(try problems("\(Self.keys), max: 1, min: 2").first?.contains("no number is at least 2") == true)
        #expect(
            try problems("\(Self.keys), max: 1, user: u, token: \"${env:T}\"") == [
                "either `token`, or `user` and `password`"
            ])
        #expect(try problems("\(Self.keys), max: much").first?.contains("is not a number") == true)
    }

    @Test("names every place where who asks would cross the network in clear")
    func clear() throws {
        let environment = try Project().environment(
            Sample.environment
                + "\ngates: { cutOver: { analysis: [ { prometheus: { name: e, url: \"http://10.0.0.9:9090\", "
                + "query: e, series: e, max: 1, token: \"${env:T}\" } } ] } }\n")
        let places = environment.clearPlaces([Inventory()])
        #expect(places.count == 1)
        #expect(places.first?.hasPrefix("gates.cutOver.analysis[].prometheus: the credentials for 10.0.0.9") == true)
    }

    @Test("of an http probe may have headers, in which the colors stand")
    func headers() throws {
        let gates = try gates(
            "service: { probes: [ { http: { url: \"http://edge\", path: /, headers: { X-Color: \"{{ new }}\" } } } ] }")
        #expect(
            gates.service.probes
                == [Probe(.http(url: "http://edge", path: "/", expect: 200, headers: ["X-Color": "{{ new }}"]))])
    }
}
