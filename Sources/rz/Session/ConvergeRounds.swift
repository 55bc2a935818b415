import Migration
import Operations
import Planning
import Reporting

/// What `--every` does: a round, a note of it in the history, a pause, until it is stopped. Never beside a run.
struct ConvergeRounds {
    let round: ConvergeRound
    let every: Period

    /// - Returns: what ended it: a signal, or a run that needs a person.
    func perform() async throws -> ExitStatus {
        // What is wrong from the beginning is said at once, and not skipped again and again.
        let project = try await Project.load(round.environment, root: round.root)
        guard project.source.changed.isEmpty else {
            throw Failure(
                "The checkout has uncommitted files, and each round would make a copy of them",
                details: Array(project.source.changed.prefix(5)), advice: "Commit or stash them.", kind: .refused)
        }
        let places = project.places
        let history = DriftHistory(round.environment, places)
        // A run hears signals itself, and halts cleanly.
        guard round.isCheck else {
            while true {
                let status = try await performOne(history, places)
                if status != .done, status != .changes { return status }
                if try await untilSignal({ try await SystemClock().sleep(every) }) { return .interrupted }
            }
        }
        _ = try await untilSignal {
            while true {
                _ = try await performOne(history, places)
                try await SystemClock().sleep(every)
            }
        }
        return .interrupted
    }

    /// Whether a signal ended the work.
    private func untilSignal(_ work: @escaping @Sendable () async throws -> Void) async throws -> Bool {
        let task = Task { try await work() }
        let signals = Signals { task.cancel() }
        defer { signals.stop() }
        do {
            try await task.value
            return false
        } catch  where task.isCancelled {
            return true
        }
    }

    private func performOne(_ history: DriftHistory, _ places: Places) async throws -> ExitStatus {
        let began = SystemClock().now
        do {
            if round.isCheck {
                let outcome = try await look(places)
                try history.append(DriftRound(time: began, live: outcome.live, outcome.entries))
                return .done
            }
            let status = try await round.takeBack()
            let isDone = status == .done || status == .changes
            try history.append(
                DriftRound(
                    time: began, isDone ? .done : .ended,
                    text: status == .changes ? "drift is left that only a person can take back" : ""))
            return status
        } catch let failure as Failure where !Task.isCancelled {
            if try await needsPerson(places) { throw failure }
            Terminal.standardError.write("skipped: \(failure.summary)\n", within: .seconds(2))
            try history.append(DriftRound(time: began, .skipped, text: failure.summary))
            return .done
        }
    }

    /// Whether a run that takes drift back did not come to its end: no later round can begin.
    private func needsPerson(_ places: Places) async throws -> Bool {
        guard !round.isCheck else { return false }
        let runs = Runs(
            environment: round.environment, store: try Stores.runs(of: round.environment, places, readOnly: true))
        guard let (plan, state) = try await runs.latest() else { return false }
        return plan.operation == Operation.converge.name && !state.status.isEnded
    }

    /// Holds the environment's lock, so that no run begins meanwhile.
    private func look(_ places: Places) async throws -> ConvergeRound.Outcome {
        let store = try Stores.runs(of: round.environment, places)
        if let state = try await Runs(environment: round.environment, store: store).latest()?.state,
            !state.status.isEnded
        {
            throw Failure("\(state.run) is not finished: it is in \(state.phase)", kind: .refused)
        }
        let found = Box<ConvergeRound.Outcome>()
        _ = try await LockedRun.hold(store, purpose: "rz converge \(round.environment) --check") { _ in
            let outcome = try await round.look()
            found.value = outcome
            return outcome.status
        }
        guard let outcome = found.value else { throw Failure.cancelled }
        return outcome
    }
}
