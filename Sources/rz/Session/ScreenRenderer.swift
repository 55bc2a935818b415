import JSON
import Migration
import Reporting
import Synchronization

/// The texts of a run's screen, each rendered when its turn to be written has come.
final class ScreenRenderer: Sendable {
    enum Item: Sendable {
        case event(Event)
        /// The traffic as it was last measured.
        case traffic
        /// The run as it stands.
        case frame
        /// The last words; without a state where the run ended with an error, which is shown elsewhere.
        case end(RunState?)
    }

    private struct Latest: Sendable {
        var state: RunState?
        var traffic: TelemetryReading?
        var drawnLines = 0
        /// Whether the first line for machines was rendered.
        var isOpened = false
    }

    private let plan: Plan
    private let view: LiveView
    private let story: EventLines
    private let run: RunID
    private let output: RunSession.Output
    private let terminal: Terminal
    private let secrets: @Sendable () -> Secrets
    private let latest = Mutex(Latest())

    init(
        _ plan: Plan, _ run: RunID, _ output: RunSession.Output, _ terminal: Terminal,
        _ secrets: @escaping @Sendable () -> Secrets
    ) {
        self.plan = plan
        view = LiveView(plan, style: terminal.style)
        story = EventLines(plan, style: terminal.style)
        self.run = run
        self.output = output
        self.terminal = terminal
        self.secrets = secrets
    }

    func take(_ state: RunState) { latest.withLock { $0.state = state } }
    func take(_ traffic: TelemetryReading) { latest.withLock { $0.traffic = traffic } }

    /// - Parameter dropped: how many items before this one are left out.
    func text(of item: Item, dropped: Int) -> String {
        let text =
            switch output {
            case .people: frame(item)
            case .lines: (dropped > 0 ? note(dropped) : "") + lines(item)
            case .json: opening() + (dropped > 0 ? jsonNote(dropped) : "") + json(item)
            }
        return Redaction.redact(text)
    }

    // MARK: - People

    private func frame(_ item: Item) -> String {
        guard case .end(let final) = item else { return redraw() }
        if let final { take(final) }
        return redraw() + (final.map(outcome) ?? "")
    }

    private func redraw() -> String {
        latest.withLock { latest in
            guard let state = latest.state else { return "" }
            var view = view
            view.width = terminal.width
            let keys = "Ctrl-C halts cleanly (rz resume goes on)   elsewhere: rz pause, rz abort, rz status"
            let lines = view.lines(
                state, now: SystemClock().now, traffic: latest.traffic, keys: state.status.isEnded ? nil : keys)
            var text = latest.drawnLines > 0 ? "\u{1B}[\(latest.drawnLines)A" : ""
            for line in lines { text += "\u{1B}[2K\(terminal.style.guarded(line))\n" }
            latest.drawnLines = lines.count
            return text + "\u{1B}[J"
        }
    }

    private func outcome(_ state: RunState) -> String {
        "\n" + terminal.style.guarded(Outcome(plan, state, style: terminal.style).text)
    }

    // MARK: - Pipes

    private func lines(_ item: Item) -> String {
        switch item {
        case .event(let event):
            let line = story.line(for: event)
            return line.map { terminal.style.guarded($0) + "\n" } ?? ""
        case .end(let final): return final.map(outcome) ?? ""
        case .traffic, .frame: return ""
        }
    }

    private func note(_ dropped: Int) -> String {
        "… \(dropped) lines were dropped, because the reader was too slow; all of them: rz history \(run)\n"
    }

    // MARK: - Machines

    private func json(_ item: Item) -> String {
        switch item {
        case .event(let event):
            // Masked value by value: masking the finished line could break its JSON.
            return (try? EventJSON.line(for: event, redacting: secrets())).map { $0 + "\n" } ?? ""
        case .traffic:
            guard let traffic = latest.withLock({ $0.traffic }) else { return "" }
            return beside("traffic.sampled", at: traffic.time, "samples", TrafficJSON.samples(traffic.samples))
        case .frame, .end: return ""
        }
    }

    /// Comes before whatever is rendered first, so that no slow reader misses it.
    private func opening() -> String {
        latest.withLock { latest in
            guard !latest.isOpened else { return "" }
            latest.isOpened = true
            return EventJSON.opening + "\n"
        }
    }

    private func jsonNote(_ dropped: Int) -> String {
        beside("output.dropped", at: SystemClock().now, "count", .number(JSONNumber(dropped)))
    }

    /// A line beside the events: it is in no journal and has no place in their order.
    private func beside(_ type: String, at time: Instant, _ key: String, _ value: JSON) -> String {
        let line: JSON = ["time": .string(time.description), "run": .string(run.text), "type": .string(type)]
        guard var object = line.object else { return "" }
        object[key] = value
        return JSON.object(object).compact + "\n"
    }
}

/// Measurements for machines.
enum TrafficJSON {
    static func samples(_ samples: [TrafficSample]) -> JSON {
        .array(
            samples.map { sample in
                [
                    "loadBalancer": .string(sample.loadBalancer.text), "backend": .string(sample.backend),
                    "color": .string(sample.color.rawValue), "share": number(sample.share),
                    "requestsPerSecond": number(sample.requestsPerSecond), "errorRate": number(sample.errorRate),
                    "responseTime": sample.responseTime.map { .string($0.description) } ?? .null,
                    "sessions": .number(JSONNumber(sample.sessions)),
                ]
            })
    }

    private static func number(_ value: Double) -> JSON { JSONNumber(value).map(JSON.number) ?? .null }
}
