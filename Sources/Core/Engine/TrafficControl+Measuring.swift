import Migration

/// What other systems than the load balancers tell of the new color while it has users: the analyses with a Prometheus.
///
/// Each is asked by itself, at its own interval; judged is what it said last.
extension TrafficControl {
    /// Those that have to be asked, by their place in the environment.
    nonisolated var measured: [(place: Int, analysis: Analysis.Prometheus)] {
        plan.environment.gates.cutOver.analysis.enumerated().compactMap { place, analysis in
            guard case .prometheus(let prometheus) = analysis else { return nil }
            return (place, prometheus)
        }
    }

    /// Asks one of them again and again, until it is cancelled.
    func keepMeasuring(_ place: Int, _ analysis: Analysis.Prometheus) async {
        while !Task.isCancelled {
            try? await measure(place, analysis)
            do { try await clock.sleep(analysis.interval) } catch { return }
        }
    }

    /// Asks one of them, while the new color has users.
    private func measure(_ place: Int, _ analysis: Analysis.Prometheus) async throws(Failure) {
        let known = try await known()
        guard known.isShifted, !known.isReturning else {
            // What was measured before is none of the next cutover's business.
            measurements[place] = nil
            return
        }
        let time = clock.uptime
        let sample = await prober.ask(
            analysis.probe.filled(direction), target: nil, inventory: inventories[direction.new] ?? Inventory(),
            other: inventories[direction.old] ?? Inventory())
        measurements[place] = Measurement(sample, at: time, after: measurements[place])
    }

    /// What is to be said by the last answers.
    func measuredFindings() -> [TrafficJudgement.Finding] {
        measured.map { place, analysis in
            let last = measurements[place].flatMap { last in stepBegan.map { last.time >= $0 } ?? true ? last : nil }
            return analysis.finding(last, now: clock.uptime)
        }
    }
}
