import ArgumentParser
import FoundationEssentials
import Glibc
import JSON
import Migration
import Operations
import Publishing
import Reporting

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show where the run is, what it waits for, and what to type next.",
        discussion: """
              rz status
              rz status shop --watch
              rz status --json
              rz status shop --sessions
            """)

    @Argument(help: "The environment, or its latest run; by default all that have runs.")
    var target: String?

    @Flag(name: .long, help: "Look again and again until the run ends or halts.")
    var watch = false

    @Flag(name: .long, help: "Print one JSON object a line, one for each state.")
    var json = false

    @Flag(
        name: .long,
        help:
            "Ask the load balancers who still talks to the color that the traffic leaves: every session, oldest first.")
    var sessions = false

    func validate() throws {
        guard !(sessions && watch) else { throw ValidationError("--sessions looks once: leave out --watch") }
    }

    func run() async throws {
        try await exiting {
            if sessions { return try await listSessions() }
            if target == nil, !watch, case let all = try await Runs.all(), all.count > 1 {
                return try await overview(all)
            }
            let (runs, run) = try await Runs.find(target, readOnly: true)
            guard let latest = try await runs.latest() else { throw try await runs.noRun() }
            var (plan, state) = latest
            try runs.refuseAnother(run, than: state)
            try await print(plan, state, runs)
            guard watch, !hasStopped(state) else { return .done }
            let feed = runs.store.follow(state.run, after: state.sequence, every: Period(milliseconds: 500))
            for try await events in feed {
                if events.isEmpty, json || !Terminal.standardOutput.isInteractive { continue }
                state = events.reduce(state) { evolve($0, $1) }
                if state.planID != plan.id { plan = try await runs.plan(of: state) }
                try await print(plan, state, runs, again: true)
                if hasStopped(state) { break }
            }
            return .done
        }
    }

    /// One line an environment, and what to type next where a run waits for a person.
    private func overview(_ all: [Runs]) async throws -> ExitStatus {
        let terminal = Terminal.standardOutput
        let width = (all.map(\.environment.count).max() ?? 0) + 2
        for runs in all {
            let name = runs.environment.padded(to: width)
            guard let (plan, state) = try await runs.latest() else {
                if !json { terminal.write("\(name)no run yet\n") }
                continue
            }
            let performer = try await runs.performer()
            let status = StatusJSON(plan, state, performer)
            guard !json else {
                terminal.write(status.text + "\n")
                continue
            }
            var line = "\(name)\(state.run)  \(plan.words.title(plan))  \(status.word)"
            if !state.status.isEnded {
                line += " in \(state.phase)"
                line +=
                    performer == nil
                    ? "  next: \(Advice.resume(runs.environment))" : "  see: rz status \(runs.environment)"
            }
            terminal.write(line + "\n")
        }
        return .done
    }

    private func listSessions() async throws -> ExitStatus {
        let (runs, run) = try await Runs.find(target, readOnly: true)
        guard let (plan, state) = try await runs.latest() else { throw try await runs.noRun() }
        try runs.refuseAnother(run, than: state)
        let color = state.traffic.isReturning || state.isRollingBack ? plan.direction.new : plan.direction.old
        let open = try await plan.loadBalancers(Places.trusted()).observeSessions(
            of: color, plan.environment.traffic, detailed: OpenSessions.limit)
        let view = SessionsView(plan, state, open, of: color)
        let terminal = Terminal.standardOutput
        let text = json ? view.json(head: Answer.object([])).compact + "\n" : view.text(style: terminal.style)
        terminal.write(Redaction.redact(text))
        // Nothing found is no proof where someone could not be asked.
        return open.count == 0 && !open.unknown.isEmpty ? .error : .done
    }

    private func hasStopped(_ state: RunState) -> Bool {
        if case .halted = state.status { return true }
        return state.status.isEnded
    }

    private func print(_ plan: Plan, _ state: RunState, _ runs: Runs, again: Bool = false) async throws {
        let terminal = Terminal.standardOutput
        let performer = try await runs.performer()
        let traffic = TelemetryRing.newest(of: state.run, in: Places().telemetry(of: runs.environment))
        let now = SystemClock().now
        if json {
            terminal.write(StatusJSON(plan, state, performer, traffic: traffic, now: now).text + "\n")
            return
        }
        if again { terminal.clear() }
        let view = LiveView(plan, style: terminal.style, width: terminal.width)
        terminal.write(view.lines(state, now: now, traffic: traffic).joined(separator: "\n") + "\n")
        if hasStopped(state) {
            terminal.write("\n" + Outcome(plan, state, style: terminal.style).text)
        } else if let performer {
            terminal.write(
                "\nExecuted by \(performer.owner) on \(performer.host), pid \(performer.pid), since \(performer.acquiredAt).\n"
            )
            if state.status == .paused {
                terminal.write("Paused. Go on with: \(Advice.resume(runs.environment))\n")
            } else if state.pendingRequest == .pause {
                terminal.write(
                    "A pause was requested: it begins when the step under way has ended. Withdraw it with: "
                        + "\(Advice.resume(runs.environment))\n")
            }
        } else {
            terminal.write(
                "\nNo rz process is executing this run: it is gone. Go on with: \(Advice.resume(runs.environment))\n")
        }
    }
}

/// A run's state for machines.
struct StatusJSON {
    let text: String
    /// The status in one word.
    let word: String

    init(
        _ plan: Plan, _ state: RunState, _ performer: RunLease?, traffic: TelemetryReading? = nil,
        now: Instant = SystemClock().now
    ) {
        var object: [(String, JSON)] = [
            ("environment", .string(plan.environment.name)), ("run", .string(state.run.text)),
            ("plan", .string(plan.id)), ("from", .string(plan.direction.old.rawValue)),
            ("to", .string(plan.direction.new.rawValue)), ("status", .string(StatusJSON.word(state.status))),
            ("phase", .string(state.phase.rawValue)), ("seq", .number(JSONNumber(state.sequence))),
            ("performed", .bool(performer != nil)),
            (
                "traffic",
                [
                    "intended": .string(state.traffic.intended.text),
                    "verified": state.traffic.verified.map { .string($0.text) } ?? .null,
                    "sampledAt": traffic.map { .string($0.time.description) } ?? .null,
                    "age": traffic.map { .string(max(.zero, now - $0.time).description) } ?? .null,
                    "samples": TrafficJSON.samples(traffic?.samples ?? []),
                    "open": traffic?.open.map { SessionsView.json($0) } ?? .null,
                ]
            ),
            (
                "isSingleton",
                .object(
                    JSONObject(
                        Holder.all(plan, state).map { holder in
                            (holder.service.text, holder.color.map { .string($0.rawValue) } ?? .null)
                        }))
            ),
            ("steps", .object(JSONObject(plan.steps.map { ($0.id.text, StatusJSON.step(state.steps[$0.id])) }))),
        ]
        if case .halted(let failure) = state.status {
            object.append(("why", .string(failure.summary)))
            object.append(("details", .array(failure.details.map { .string($0) })))
        }
        word = StatusJSON.word(state.status)
        text = JSON.object(Answer.object(object)).compact
    }

    private static func word(_ status: RunState.Status) -> String {
        switch status {
        case .running: "running"
        case .paused: "paused"
        case .halted: "halted"
        case .rollingBack: "rollingBack"
        case .aborted: "aborted"
        case .rolledBack: "rolledBack"
        case .done: "done"
        }
    }

    private static func step(_ state: StepState?) -> JSON {
        let word =
            switch state?.progress {
            case nil, .pending: "pending"
            case .running: "running"
            case .waitingToRetry: "waitingToRetry"
            case .done: "done"
            case .skipped: "skipped"
            case .failed: "failed"
            case .undoing: "undoing"
            case .undone: "undone"
            case .undoFailed: "undoFailed"
            }
        return ["state": .string(word), "message": .string(state?.message ?? "")]
    }
}
