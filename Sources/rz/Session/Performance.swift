import Engine
import Foundation
import Journal
import KillPoints
import Migration
import Reporting
import Runbooks

/// One process performing one run: engine, signals, and the view that the reader wants.
struct Performance {
    enum Output: Sendable { case people, lines, json }

    let project: Project
    let plan: Plan
    let run: RunID
    let journal: Journal
    let lock: JournalLock
    let output: Output

    /// Performs the run and tells how it ended.
    func perform(opening: Event.Kind, until lastPhase: Phase? = nil) async throws -> ExitStatus {
        let plan = plan
        let screen = Screen(plan: plan, output: output, secrets: { [settings = project.settings] in settings.secrets })
        let engine = Engine(
            plan: plan, run: run, drivers: project.drivers, journal: KillPoints.active?.around(journal) ?? journal,
            clock: SystemClock(), epoch: lock.epoch
        ) { event, state in await screen.show(event, state) }
        let interrupted = Failure(
            "Interrupted", details: ["steps under way were stopped cleanly"], advice: "Go on with: rz resume.",
            kind: .cancelled)
        let signals = Signals { Task { await engine.interrupt(interrupted) } }
        defer { signals.stop() }
        await screen.start()
        let state: RunState
        do {
            state = try await engine.perform(opening: opening, until: lastPhase)
        } catch {
            await screen.stop(nil)
            throw error
        }
        await screen.stop(state)
        return status(of: state, interrupted)
    }

    private func status(of state: RunState, _ interrupted: Failure) -> ExitStatus {
        switch state.status {
        case .done: .done
        case .aborted, .rolledBack: .rolledBack
        case .halted(let failure): failure == interrupted ? .interrupted : .halted
        case .running, .paused, .rollingBack: .error
        }
    }
}

/// Where events are shown: redrawn in place for people, one line each in a pipe, one JSON object each for machines.
actor Screen {
    private let plan: Plan
    private let output: Performance.Output
    private let secrets: @Sendable () -> Secrets
    private let terminal = Terminal.standardOutput
    private var state: RunState?
    private var drawnLines = 0
    private var ticker: Task<Void, Never>?

    init(plan: Plan, output: Performance.Output, secrets: @escaping @Sendable () -> Secrets) {
        self.plan = plan
        self.output = output
        self.secrets = secrets
    }

    func start() {
        guard output == .people else { return }
        ticker = Task {
            while !Task.isCancelled {
                draw()
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    func show(_ event: Event, _ state: RunState) {
        self.state = state
        switch output {
        case .people:
            break
        case .lines:
            if let line = EventLines(plan, style: terminal.style).line(for: event) { write(line + "\n") }
        case .json:
            // Masked value by value: masking the finished line could break its JSON.
            if let line = try? EventCoding.line(for: event, redacting: secrets()) { terminal.write(line + "\n") }
        }
    }

    func stop(_ final: RunState?) {
        ticker?.cancel()
        if output == .people { draw() }
        guard let final, output != .json else { return }
        write("\n" + Outcome(plan, final, style: terminal.style).text)
    }

    private func draw() {
        guard let state else { return }
        let view = LiveView(plan, style: terminal.style, width: terminal.width)
        let keys = "Ctrl-C halts cleanly (rz resume goes on)   elsewhere: rz pause, rz abort, rz status"
        let lines = view.lines(state, now: SystemClock().now, keys: state.status.isEnded ? nil : keys)
        var text = drawnLines > 0 ? "\u{1B}[\(drawnLines)A" : ""
        for line in lines { text += "\u{1B}[2K\(line)\n" }
        text += "\u{1B}[J"
        drawnLines = lines.count
        write(text)
    }

    private func write(_ text: String) { terminal.write(secrets().redact(text)) }
}
