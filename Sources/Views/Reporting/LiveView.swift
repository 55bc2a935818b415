import Migration
import Operations

/// A run as it stands, for a terminal: drawn again in place after each event.
public struct LiveView: Sendable {
    private let plan: Plan
    private let style: Style
    /// Columns of the terminal, which may change while the view is drawn again and again.
    public var width: Int

    public init(_ plan: Plan, style: Style = .plain, width: Int = 100) {
        self.plan = plan.shown
        self.style = style
        self.width = width
    }

    /// The lines of the view; the last one names the keys, if someone sits at them.
    ///
    /// - Parameter traffic: as it was last measured; nil where no one knows.
    public func lines(
        _ state: RunState, now: Instant, traffic: TelemetryReading? = nil, keys: String? = nil
    ) -> [String] {
        var lines = [heading(state, now), ""]
        let before = plan.phases.map(\.id).filter { state.phaseEndedAt[$0] != nil }
        if !before.isEmpty { lines += wrapped(before.map { style.good("✓") + " \($0) \(took($0, state))" }) }
        lines += present(state, now, traffic)
        lines += holders(state)
        let after = plan.phases.after(state.phase).map(\.id)
        if !after.isEmpty, state.status == .running || state.status == .paused {
            lines += wrapped(after.map { style.faint("· \($0)" + approvals($0)) })
        }
        if let keys { lines += ["", style.faint(keys.cut(to: width))] }
        return lines
    }

    // MARK: - Heading

    private func heading(_ state: RunState, _ now: Instant) -> String {
        let elapsed = state.startedAt.map { (state.endedAt ?? now) - $0 } ?? .zero
        let steps = plan.steps(in: state.phase)
        let done = steps.count { state.steps[$0.id]?.isSettled == true }
        let place = steps.count > 1 ? "\(state.phase) \(done)/\(steps.count)" : "\(state.phase)"
        let left = state.status == .running ? ", \(Wording.estimate(remaining(state, now))) to go" : ""
        let name = "\(plan.environment.name) \(state.run)   \(plan.words.title(plan))   \(word(state.status) ?? place)"
        let time = "   \(Wording.time(elapsed)) elapsed\(left)"
        return style.strong(name.cut(to: width)) + time.cut(to: max(1, width - name.count))
    }

    private func word(_ status: RunState.Status) -> String? {
        switch status {
        case .running: nil
        case .paused: "PAUSED"
        case .halted: "HALTED"
        case .rollingBack: "ROLLING BACK"
        case .aborted: "ABORTED"
        case .rolledBack: "ROLLED BACK"
        case .done: "DONE"
        }
    }

    /// What the plan expects of the phases to come, and of this one less what has passed of it.
    private func remaining(_ state: RunState, _ now: Instant) -> Period {
        let later = plan.phases.after(state.phase).map(\.id).map { plan.estimate(of: $0) }.reduce(.zero, +)
        let spent = state.phaseStartedAt[state.phase].map { now - $0 } ?? .zero
        let rest = plan.estimate(of: state.phase).milliseconds - spent.milliseconds
        return later + Period(milliseconds: max(0, rest))
    }

    private func took(_ phase: PhaseID, _ state: RunState) -> String {
        guard let start = state.phaseStartedAt[phase], let end = state.phaseEndedAt[phase] else { return "" }
        return Wording.time(end - start)
    }

    private func approvals(_ phase: PhaseID) -> String {
        guard let count = plan.environment.approvals[phase]?.people, count > 0 else { return "" }
        return " (" + Wording.count(count, "approval") + ")"
    }

    private func wrapped(_ parts: [String]) -> [String] {
        var lines: [String] = []
        var line = ""
        var used = 0
        for part in parts {
            let size = part.visibleCount + (used > 0 ? 2 : 0)
            if used > 0, used + size > width {
                lines.append(line)
                (line, used) = ("", 0)
            }
            line += (used > 0 ? "  " : "") + part
            used += size
        }
        return lines + [line]
    }

    /// Where each single-color service runs: the answer to “does a job run twice?”.
    private func holders(_ state: RunState) -> [String] {
        let holders = Holder.all(plan, state)
        guard !holders.isEmpty else { return [] }
        let name = min(44, holders.map(\.service.text.count).max() ?? 0)
        let lines = holders.prefix(12).map { holder in
            let mark = holder.color == nil ? style.careful("?") : "·"
            return "    \(mark) \(holder.service.text.cut(to: name).padded(to: name))  \(holder.text)".cut(to: width)
        }
        let more = holders.count > 12 ? ["    … and \(holders.count - 12) more"] : []
        return [style.faint("  in one color only")] + lines + more
    }

    // MARK: - The present phase

    private func present(_ state: RunState, _ now: Instant, _ reading: TelemetryReading?) -> [String] {
        guard !state.status.isEnded else { return [] }
        var lines = [state.status == .rollingBack ? style.careful("◂ undoing") : "▸ " + style.strong("\(state.phase)")]
        if plan.phases.has(.ownsTraffic, in: state.phase) || state.traffic.isShifted {
            lines += traffic(state, now, reading)
        }
        let steps = plan.steps.filter { state.steps[$0.id].map { isShown($0.progress) } ?? false }
        lines += steps.prefix(8).flatMap { step(state.steps[$0.id] ?? StepState(), $0, state.status, now) }
        if steps.count > 8 { lines.append("    … and \(steps.count - 8) more") }
        if case .halted(let failure) = state.status {
            lines += failure.description.split(separator: "\n")
                .flatMap { "\($0)".wrapped(to: max(20, width - 6)) }.map { "      \($0)" }
        }
        return lines
    }

    private func isShown(_ progress: StepState.Progress) -> Bool {
        switch progress {
        case .running, .waitingToRetry, .failed, .undoing, .undoFailed: true
        case .pending, .done, .skipped, .undone: false
        }
    }

    /// A step under way, and below it what it waits for where one line is not enough.
    private func step(_ known: StepState, _ step: Step, _ status: RunState.Status, _ now: Instant) -> [String] {
        let (mark, text) =
            switch known.progress {
            // A halt shows its failure by itself, once and whole.
            case .failed(let failure), .undoFailed(let failure):
                (style.bad("✗"), status == .halted(failure) ? "" : failure.summary)
            case .waitingToRetry(let time): (style.careful("↻"), "again in \(Wording.time(max(.zero, time - now)))")
            case .undoing: (style.careful("↶"), known.message)
            default: ("·", known.message.isEmpty ? "" : "waiting for \(known.message)")
            }
        let time = known.startedAt.map { Wording.time((known.endedAt ?? now) - $0) } ?? ""
        let space = max(20, width - 6)
        let title = step.title.cut(to: max(12, min(44, space - 8))).padded(to: min(44, space - 8))
        let line = "\(title) \(time.padded(to: 7)) \(text)".trimmedAtEnd
        if line.count <= space { return ["    \(mark) \(line)"] }
        let first = "    \(mark) \("\(title) \(time)".trimmedAtEnd)"
        return [first] + text.wrapped(to: space - 2).prefix(3).map { "        \($0)" }
    }

    /// Numbers that are older are said to be: twice a second there are new ones.
    private static let oldest = Period(milliseconds: 3000)

    private func traffic(_ state: RunState, _ now: Instant, _ reading: TelemetryReading?) -> [String] {
        let share = state.traffic.verified ?? state.traffic.intended
        let doubt = state.traffic.verified == nil ? "  (being set)" : ""
        // Older journals hold the samples themselves.
        let samples = reading?.samples ?? state.traffic.samples
        let real = doubt.isEmpty ? trueShares(samples, of: share) : ""
        var lines = ["    \(plan.direction.new)  \(Wording.bar(share.fraction))  \(share)\(doubt)\(real)"]
        if let reading, let doubt = self.doubt(reading, state, now) { lines.append("    " + style.careful(doubt)) }
        var shown = Set<String>()
        for sample in samples where sample.color == plan.direction.new {
            guard
                let other = samples.first(where: {
                    $0.loadBalancer == sample.loadBalancer && $0.backend == sample.backend
                        && $0.color == plan.direction.old
                })
            else { continue }
            let key = "\(sample.loadBalancer) \(sample.backend)"
            guard shown.insert(key).inserted, shown.count <= 12 else { continue }
            let name = "\(sample.loadBalancer)  \(sample.backend)".padded(to: 16)
            let line = "    \(name) \(rates(sample).padded(to: 38)) \(rates(other))"
            lines +=
                line.count <= width
                ? [line]
                : [name.trimmedAtEnd, "  " + rates(sample), "  " + rates(other)].map { "    \($0)".cut(to: width) }
        }
        return lines + (reading?.open.map(open) ?? [])
    }

    /// What backends really get, where that is visibly another share: weights are whole numbers. One that moves as a whole
    /// has all or nothing.
    private func trueShares(_ samples: [TrafficSample], of share: Percent) -> String {
        let others = samples.filter {
            $0.color == plan.direction.new && $0.share > 0 && $0.share < 1 && share.isVisiblyOther(than: $0.share)
        }.map(\.share)
        guard share > .none, share < .all, let least = others.min(), let most = others.max() else { return "" }
        let (from, to) = (Wording.share(least), Wording.share(most))
        return from == to ? "  (really \(from))" : "  (really \(from) to \(to))"
    }

    /// Who still talks to the old color while a drain waits.
    private func open(_ sessions: OpenSessions) -> [String] {
        let heading = "\(plan.direction.old) still has \(sessions.counted)"
        let rest = "rz status \(plan.environment.name) --sessions"
        return ["    \(heading)\(sessions.listed.isEmpty ? "" : ", the oldest:")"]
            + sessions.lines(3, rest: rest).map { "      \($0.visible)".cut(to: width) }
    }

    private func doubt(_ reading: TelemetryReading, _ state: RunState, _ now: Instant) -> String? {
        // A run that goes on has new numbers at once.
        if let set = state.traffic.verifiedAt, reading.time < set, state.status != .running {
            return "the numbers are from before these weights were set"
        }
        return now - reading.time > LiveView.oldest ? "the numbers are \(Wording.time(now - reading.time)) old" : nil
    }

    private func rates(_ sample: TrafficSample) -> String {
        let speed = sample.responseTime.map { "\($0.milliseconds) ms" } ?? ""
        let rate = "\(Int(clamping: sample.requestsPerSecond))/s"
        return "\("\(sample.color)".padded(to: 5)) \(Wording.share(sample.share).padded(to: 5)) "
            + "\(rate.padded(to: 7)) \(Wording.percent(sample.errorRate)) err  \(speed)"
    }
}
