import Migration

extension GatesFormat {
    /// - Parameters:
    ///   - tls: what holds for the whole environment.
    ///   - traffic: what it moves.
    static func gates(
        _ value: Value, _ tls: TLSRules?, _ traffic: [TrafficRule], _ reader: inout Reader
    ) -> Gates {
        Gates(
            platform: value["platform"].map { platform($0, tls, &reader) },
            service: value["service"].map { service($0, tls, &reader) } ?? ServiceGate(),
            cutOver: value["cutOver"].map { cutOver($0, tls, traffic, &reader) } ?? CutOverGate())
    }

    private static func service(_ value: Value, _ tls: TLSRules?, _ reader: inout Reader) -> ServiceGate {
        var gate = ServiceGate()
        if let period = value["healthy", "for"] { gate.healthyFor = period.period }
        if let passes = value["passes"] { gate.passes = passes.integer }
        gate.probes = (value["probes"]?.list ?? []).map { ProbesFormat.probe($0, tls, &reader) }
        return gate
    }

    private static func platform(_ value: Value, _ tls: TLSRules?, _ reader: inout Reader) -> ProbeGate {
        var gate = ProbeGate()
        if let passes = value["passes"] { gate.passes = passes.integer }
        gate.probes = (value["probes"]?.list ?? []).map { value in
            let probe = ProbesFormat.probe(value, tls, &reader)
            ProbesFormat.refuseRelative(probe, value, "no service runs there yet", &reader)
            return probe
        }
        return gate
    }

    private static func cutOver(
        _ value: Value, _ tls: TLSRules?, _ traffic: [TrafficRule], _ reader: inout Reader
    ) -> CutOverGate {
        var gate = CutOverGate()
        if let steps = value["steps"] {
            gate.steps = steps.list.map {
                CutOverGate.Step(
                    share: $0["share"]?.percent ?? .none, bake: $0["bake"]?.period ?? .zero,
                    pause: $0["pause"].map(pause))
            }
            check(steps, &reader)
        }
        if let interval = value["interval"] { gate.interval = interval.period }
        gate.analysis = (value["analysis"]?.list ?? []).map { analysis in
            if let value = analysis["prometheus"] {
                return .prometheus(PrometheusFormat.analysis(value, tls, &reader))
            }
            for backend in analysis["loadBalancers", "backends"]?.list ?? [] {
                reader.check(backend, isIn: traffic)
            }
            return .loadBalancers(counters(analysis["loadBalancers"]))
        }
        return gate
    }

    private static func pause(_ value: Value) -> CutOverGate.Pause {
        var pause = CutOverGate.Pause(ApprovalsFormat.demand(value), reason: value["reason"]?.text)
        if let limit = value["limit"] { pause.limit = limit.period }
        return pause
    }

    private static func check(_ steps: Value, _ reader: inout Reader) {
        guard !steps.isBroken else { return }
        let shares = steps.list.compactMap { $0["share"] }
        var last = Percent.none
        for share in shares {
            if share.percent <= last {
                reader.problem("the shares must rise: \(share.percent.text) comes after \(last.text)", at: share)
            }
            last = max(last, share.percent)
        }
        if let end = shares.last, end.percent != .all {
            reader.problem("the last step must be 100%, or the old color would keep a share of the traffic", at: end)
        }
    }

    private static func counters(_ value: Value?) -> Analysis.LoadBalancers {
        var analysis = Analysis.LoadBalancers()
        analysis.errorRate = value?["errorRate", "max"]?.percent
        for errorClass in ErrorClass.allCases {
            guard let limit = value?[errorClass.rawValue] else { continue }
            analysis.classes = analysis.classes ?? [:]
            analysis.classes?[errorClass] = ErrorLimit(
                max: limit["max"]?.percent, maxAboveLive: limit["maxAboveLive"]?.percent)
        }
        analysis.queue = value?["queue", "max"]?.integer
        analysis.responseTimeRatio = value?["responseTime", "maxRatioToLive"]?.number
        analysis.backends = value?["backends"]?.list.map(\.text)
        if let requests = value?["minRequests"] { analysis.minRequests = requests.integer }
        if let idle = value?["whenIdle"].flatMap({ Analysis.WhenIdle(rawValue: $0.text) }) {
            analysis.whenIdle = idle
        }
        return analysis
    }
}
