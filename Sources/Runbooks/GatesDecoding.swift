import Migration

extension GatesFormat {
    /// - Parameter tls: what holds for the whole environment.
    static func gates(_ value: Value, _ tls: TLSRules?, _ reader: inout Reader) -> Gates {
        Gates(
            service: value["service"].map { service($0, tls, &reader) } ?? ServiceGate(),
            cutOver: value["cutOver"].map { cutOver($0, &reader) } ?? CutOverGate())
    }

    private static func service(_ value: Value, _ tls: TLSRules?, _ reader: inout Reader) -> ServiceGate {
        var gate = ServiceGate()
        if let period = value["healthy", "for"] { gate.healthyFor = period.period }
        if let passes = value["passes"] { gate.passes = passes.integer }
        gate.probes = (value["probes"]?.list ?? []).map { value in
            var probe = Probe(kind(value))
            if let timeout = value["timeout"] { probe.timeout = timeout.period }
            probe.tls = self.tls(value, tls, &reader)
            return probe
        }
        return gate
    }

    /// Where only `tls` itself says that TLS is spoken, the environment's alone says nothing.
    private static func tls(_ probe: Value, _ standard: TLSRules?, _ reader: inout Reader) -> TLSRules? {
        guard let place = probe["http"] ?? probe["tcp"] else { return nil }
        guard place["url"] != nil || place["tls"] != nil else { return nil }
        return TLSFormat.rules(place, url: "url", standard: standard, &reader)
    }

    private static func kind(_ probe: Value) -> Probe.Kind {
        if let http = probe["http"] {
            let expect = http["expect"]?.integer ?? 200
            return .http(url: http["url"]?.setting, path: http["path"]?.text ?? "/", expect: expect)
        }
        if let tcp = probe["tcp"] { return .tcp(address: tcp["address"]?.setting) }
        return .command(probe["command"]?.list.map(\.setting) ?? [])
    }

    private static func cutOver(_ value: Value, _ reader: inout Reader) -> CutOverGate {
        var gate = CutOverGate()
        if let steps = value["steps"] {
            gate.steps = steps.list.map {
                CutOverGate.Step(weight: $0["weight"]?.percent ?? .none, bake: $0["bake"]?.period ?? .zero)
            }
            check(steps, &reader)
        }
        if let interval = value["interval"] { gate.interval = interval.period }
        gate.analysis = (value["analysis"]?.list ?? []).map { .haproxy(haproxy($0["haproxy"])) }
        return gate
    }

    private static func check(_ steps: Value, _ reader: inout Reader) {
        guard !steps.isBroken else { return }
        let weights = steps.list.compactMap { $0["weight"] }
        var last = Percent.none
        for weight in weights {
            if weight.percent <= last {
                reader.problem("the weights must rise: \(weight.percent.text) comes after \(last.text)", at: weight)
            }
            last = max(last, weight.percent)
        }
        if let end = weights.last, end.percent != .all {
            reader.problem("the last step must be 100%, or the old color would keep a share of the traffic", at: end)
        }
    }

    private static func haproxy(_ value: Value?) -> Analysis.HAProxy {
        var analysis = Analysis.HAProxy()
        analysis.errorRate = value?["errorRate", "max"]?.percent
        analysis.responseTimeRatio = value?["responseTime", "maxRatioToLive"]?.number
        if let requests = value?["minRequests"] { analysis.minRequests = requests.integer }
        if let idle = value?["whenIdle"].flatMap({ Analysis.HAProxy.WhenIdle(rawValue: $0.text) }) {
            analysis.whenIdle = idle
        }
        return analysis
    }
}
