import Foundation
import Journal
import Migration
import Planning

/// The runs of an environment, found through its journal.
struct Runs {
    let environment: String
    let journal: Journal

    /// Opens the journal of an environment; without a name, that of the only environment which has runs.
    static func open(_ name: String?, readOnly: Bool = false) async throws -> Runs {
        let places = Places()
        let known = places.environmentsWithRuns
        let chosen: String
        switch (name, known.count) {
        case (let name?, _): chosen = name
        case (nil, 1): chosen = known[0]
        case (nil, 0):
            throw Failure(
                "There has been no run yet", at: places.home, advice: "Begin one with: rz update ENVIRONMENT.")
        default:
            chosen = try await onlyUnfinished(of: known, places)
        }
        if name != nil, !known.contains(chosen), readOnly {
            throw Failure(
                "\(chosen) has had no run yet", at: places.home,
                details: known.isEmpty ? [] : ["runs of: \(known.joined(separator: ", "))"],
                advice: "Begin one with: rz update \(chosen).")
        }
        return Runs(environment: chosen, journal: try journal(of: chosen, places, readOnly: readOnly))
    }

    static func journal(
        of environment: String, _ places: Places, readOnly: Bool = false,
        secrets: @escaping @Sendable () -> Secrets = { Secrets() }
    ) throws(Failure) -> Journal {
        do throws(JournalError) {
            return try Journal(environment: environment, home: places.home, secrets: secrets, readOnly: readOnly)
        } catch {
            throw error.failure
        }
    }

    private static func onlyUnfinished(of names: [String], _ places: Places) async throws -> String {
        var unfinished: [String] = []
        for name in names {
            let runs = Runs(environment: name, journal: try journal(of: name, places, readOnly: true))
            if let state = try await runs.latest()?.state, !state.status.isEnded { unfinished.append(name) }
        }
        guard unfinished.count == 1 else {
            throw Failure(
                unfinished.isEmpty ? "No run is unfinished" : "Runs of several environments are unfinished",
                details: ["environments: \((unfinished.isEmpty ? names : unfinished).joined(separator: ", "))"],
                advice: "Name the environment.")
        }
        return unfinished[0]
    }

    /// The latest run with its plan and state; nil when there was none.
    func latest() async throws -> (plan: Plan, state: RunState)? {
        guard let run = try await journal.latestRun() else { return nil }
        return try await load(run)
    }

    func load(_ run: RunID) async throws -> (plan: Plan, state: RunState) {
        let events = try await journal.events(of: run, after: 0)
        let state = RunState(run: run, events: events)
        guard !events.isEmpty else {
            throw Failure("There is no run \(run) of \(environment)", advice: "See them all with: rz history.")
        }
        guard let text = try await journal.plan(state.planID) else {
            throw Failure(
                "The plan of \(run) is lost, so it can't be shown or gone on with", at: journal.path,
                details: ["plan \(state.planID)"], advice: "What happened: rz journal export \(environment) -o FILE.")
        }
        return (try PlanCoding.plan(from: Array(text.utf8)), state)
    }

    /// That no run was begun; or, where a process died with the lock, that its events may be gone.
    func noRun() async throws -> Failure {
        let failure = Failure(
            "\(environment) has had no run yet", at: journal.path,
            advice: "Begin one with: rz update \(environment).")
        guard let lock = try await journal.currentLock(), await !journal.isHeld(lock) else { return failure }
        return Failure(
            "\(environment) has no run, but a process that performed one, or was about to, has died",
            at: journal.path,
            details: ["\(lock): \(lock.purpose)"],
            advice: "If somebody deleted the file's -wal, its events are lost: rz plan \(environment) shows which "
                + "color carries the traffic. Else begin a run with: rz update \(environment).")
    }

    /// The latest run, if it can still be steered.
    func unfinished() async throws -> (plan: Plan, state: RunState) {
        guard let (plan, state) = try await latest(), !state.status.isEnded else {
            throw Failure(
                "\(environment) has no unfinished run", advice: "Begin one with: rz update \(environment).",
                kind: .refused)
        }
        return (plan, state)
    }

    /// Writes down what somebody asks of a run, for the process that performs it.
    func ask(_ kind: Event.Kind, of run: RunID) async throws {
        _ = try await journal.append([kind], run: run, epoch: nil, at: SystemClock().now)
    }

    /// The living process that performs a run of this environment.
    func performer() async throws -> JournalLock? {
        guard let lock = try await journal.currentLock(), await journal.isHeld(lock) else { return nil }
        return lock
    }
}

/// Who is at the keyboard.
var operatorName: String {
    ProcessInfo.processInfo.environment["SUDO_USER"] ?? ProcessInfo.processInfo.environment["USER"] ?? NSUserName()
}
