import Engine
import Migration
import Planning

/// The new color's share of the traffic, raised and watched.
package struct ShiftStep: BuiltInStep {
    package static let name: StepKind = "shift"
    package let use = BuiltIn.shift
    package let kind = ShiftStep.name
    package let phase = PhaseID.cutOver
    package let follows: (step: BuiltIn, reason: String)? = (
        .ready, "traffic must not move to servers that are not ready"
    )

    /// One step for each share, each after the other.
    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        let new = scope.direction.new
        // A raise may have to wait for the minute to pass.
        let hold = scope.environment.limits.without(scope.lifted.map(\.limit)).maxStep == nil ? .zero : SharePace.window
        var before = line.needs
        return scope.environment.gates.cutOver.steps.flatMap { shift in
            let step = line.step(
                "\(new) \(shift.share), watched for \(shift.bake)", .shift(to: shift.share, bake: shift.bake),
                on: new,
                suffix: "-\(shift.share.text)", needs: before,
                // No one says that the old color serves, so no one may ask for its users back.
                closesWayBack: scope.unreachable != nil, estimate: shift.bake + .seconds(1), extra: shift.bake + hold)
            let steps = [step] + (shift.pause.map { [pause($0, at: shift.share, line, after: step)] } ?? [])
            before = steps.suffix(1).map(\.id)
            return steps
        }
    }

    /// The traffic is watched by the run as a whole, as in each wait for people.
    private func pause(_ pause: CutOverGate.Pause, at share: Percent, _ line: StepLine, after shift: Step) -> Step {
        let reason = "to go on beyond \(share)" + (pause.reason.map { ": \($0)" } ?? "")
        return line.step(
            "\(pause.demand.words): \(reason)", .approval(pause.demand, reason: reason),
            suffix: "-\(share.text)-pause", needs: [shift.id], estimate: .zero, extra: pause.limit)
    }

    package func work(_ step: Step) -> (any StepWork)? {
        guard let share = step.action["to"].flatMap({ Percent($0) }),
            let bake = step.action["bake"].flatMap({ Period($0) })
        else { return nil }
        return ShiftTraffic(share: share, bake: bake)
    }

    package func line(_ plan: Plan) -> PlanLine? {
        let steps = plan.environment.gates.cutOver.steps.map { $0.share.description + ($0.pause == nil ? "" : " ⏸") }
        return PlanLine(
            steps.joined(separator: " → ") + " on "
                + plan.environment.loadBalancers.map(\.name.text).joined(separator: ", "),
            undo: plan.unreachable == nil ? "undo: one flip" : "no way back",
            details: judged(plan) + limits(of: plan) + measured(plan) + (steps.count == 1 ? [] : switched(plan)))
    }

    /// How long each share is watched, and what gives the traffic back.
    private func judged(_ plan: Plan) -> [PlanLine.Detail] {
        let gate = plan.environment.gates.cutOver
        let bakes = gate.steps.map(\.bake.description)
        let watched = Set(bakes).count == 1 ? "\(bakes[0]) each" : bakes.joined(separator: ", ")
        let words = gate.analysis.compactMap { analysis in
            if case .loadBalancers(let limits) = analysis { limits.words } else { nil as String? }
        }
        return [
            PlanLine.Detail(
                "·", "watched for \(watched)",
                gate.analysis.isEmpty
                    ? "no analysis judges what users get" : words.isEmpty ? "" : words.joined(separator: ", "))
        ]
    }

    private func limits(of plan: Plan) -> [PlanLine.Detail] {
        let words = plan.limits.words.filter { $0.limit != .windows }.map(\.text)
        return words.isEmpty ? [] : [PlanLine.Detail("≤", "limits: \(words.joined(separator: ", "))")]
    }

    private func measured(_ plan: Plan) -> [PlanLine.Detail] {
        plan.environment.gates.cutOver.analysis.compactMap { analysis in
            guard case .prometheus(let prometheus) = analysis else { return nil }
            let query = prometheus.query
            return PlanLine.Detail("·", query.name, "\(query.limits), asked of Prometheus every \(prometheus.interval)")
        }
    }

    private func switched(_ plan: Plan) -> [PlanLine.Detail] {
        plan.environment.traffic.filter { $0.switching != nil }.map {
            PlanLine.Detail("⇄", $0.backend, "switched with the last step: it moves as a whole")
        }
    }
}

extension Analysis.LoadBalancers {
    /// What it allows.
    fileprivate var words: String {
        let limits =
            [errorRate.map { "errors at most \($0)" }]
            + ErrorClass.allCases.map { errorClass in
                (classes?[errorClass]).map { "\(errorClass.words) at most \($0.words)" }
            } + [
                queue.map { "at most \(Wording.count($0, "request")) waiting" },
                responseTimeRatio.map { "mean response time at most \($0) × the old color's" },
                "judged from \(Wording.count(minRequests, "request")) on",
            ]
        let judged = backends.map { "\($0.joined(separator: ", ")): " } ?? ""
        return judged + limits.compactMap(\.self).joined(separator: ", ")
    }
}

extension ErrorLimit {
    fileprivate var words: String {
        [max?.description, maxAboveLive.map { "\($0) above the old color's" }].compactMap(\.self)
            .joined(separator: " and ")
    }
}

extension BuiltIn {
    package static var shift: BuiltIn { "shift" }
}

extension Action {
    package static func shift(to share: Percent, bake: Period) -> Action {
        .builtIn(ShiftStep.name, ["to": share.text, "bake": bake.description])
    }
}

/// Gives the new color a share of the traffic, then watches how it does.
struct ShiftTraffic: StepWork {
    let share: Percent
    let bake: Period

    func perform(_ context: StepContext) async throws(Failure) -> String {
        let traffic = await context.traffic
        let known = await context.state.traffic
        // Once a user is served by the new color, services change there.
        if !known.isShifted { _ = try await CatchUp(context).perform() }
        let began = context.clock.uptime
        let seen = try await traffic.observe()
        if !known.isShifted {
            await traffic.noteUsual(seen.states)
            try await recordUsual(context)
        }
        let isThere = try await traffic.isAt(share, seen)
        if known.intended != share || !isThere {
            try await context.knowServers()
            try await keepLimits(context)
            if context.plan.unreachable != nil, !known.isShifted {
                let old = context.direction.old
                try await context.drivers.demandSilence(
                    of: old, context.inventory(of: old), seen.states, context.environment)
            }
            try await context.intend("give \(context.color) \(share)")
            try await context.record(.trafficIntended(share: share))
            do throws(Failure) {
                try await traffic.shift(to: share, from: known.proved, seen: seen, since: began)
            } catch {
                // The step was undone where that was possible; what is intended again is what was before.
                try await context.record(.trafficIntended(share: known.proved))
                throw error
            }
        }
        try await context.record(
            .trafficVerified(share: share, loadBalancers: context.drivers.loadBalancers.map(\.name)))
        try await watch(context)
        return "\(context.color) carries \(share)"
    }

    /// Holds until the share may grow, and the new color is proved to take it. Whoever is served meanwhile is watched by
    /// the run as a whole.
    private func keepLimits(_ context: StepContext) async throws(Failure) {
        guard await context.state.mayLift(context.plan) else {
            throw Failure(
                "Limits are lifted that fewer than \(Plan.liftingPeople) people lifted",
                at: context.plan.lifted.first.map { "limits.\($0.limit.rawValue)" }, kind: .refused)
        }
        let traffic = await context.traffic
        let wait = try await traffic.wait(before: share)
        let end = context.clock.uptime + wait
        if wait > .zero {
            let limit = context.plan.limits.maxStep ?? .all
            await context.wait(for: "limits.maxStep: at most \(limit) more within a minute, so \(share) in \(wait)")
        }
        while context.clock.uptime < end { try await context.pause(min(.seconds(1), end - context.clock.uptime)) }
        await traffic.forgetPeaks()
        try await context.poll(every: .seconds(1)) { () async throws(Failure) -> String? in
            try await traffic.shortOfHeadroom()
        }
        if context.plan.limits.headroom != nil {
            try await context.record(.gatePassed(gate: "headroom before \(share)"))
        }
    }

    private func recordUsual(_ context: StepContext) async throws(Failure) {
        let usual = try await context.traffic.usual()
        if await context.state.traffic.usual != usual { try await context.record(.oldSideMeasured(usual: usual)) }
    }

    /// Watches for the bake time; a bad verdict ends it at once, an open one holds it until the step's deadline. What is
    /// judged is counted by the watch over each load balancer.
    private func watch(_ context: StepContext) async throws(Failure) {
        let gate = context.environment.gates.cutOver
        let traffic = await context.traffic
        await traffic.beginStep()
        let end = context.clock.uptime + bake
        while true {
            try await context.pause(min(gate.interval, max(Period(milliseconds: 100), end - context.clock.uptime)))
            let findings = try await traffic.findings()
            if let bad = findings.first(where: { $0.sample.verdict == .fail })?.sample {
                try await context.record(.gateFailed(sample: bad))
                throw context.failure(of: bad, at: "at \(share)")
            }
            let open =
                await traffic.unheard().map { "an answer of \($0)" } ?? findings.first(where: \.holds)?.sample.message
            if context.clock.uptime >= end, open == nil { break }
            await context.wait(for: open ?? "\(bake) at \(share) without a bad verdict")
        }
        try await recordUsual(context)
        if !gate.analysis.isEmpty { try await context.record(.gatePassed(gate: "cutOver \(share)")) }
    }
}
