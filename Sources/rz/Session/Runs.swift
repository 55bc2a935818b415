import FoundationEssentials
import Glibc
import Migration
import Operations
import Planning
import Runbooks

/// The runs of an environment, found through its journal.
struct Runs {
    let environment: String
    let store: any RunStore

    /// Opens the journal of an environment; without a name, that of the only environment which has runs, or of the only
    /// one with a run in progress. Makes no journal: a mistyped name leaves nothing behind.
    static func open(_ name: String?, readOnly: Bool = false) async throws -> Runs {
        let chosen = try await environment(named: name)
        return Runs(environment: chosen, store: try Stores.runs(of: chosen, Places.trusted(), readOnly: readOnly))
    }

    /// The environment that `open` opens.
    static func environment(named name: String?) async throws -> String {
        let places = try Places.trusted()
        let known = Stores.environments(in: places)
        switch (name, known.count) {
        case (let name?, _):
            guard known.contains(name) else { throw unknown(name, known, places) }
            return name
        case (nil, 1): return known[0]
        case (nil, 0):
            throw Failure(
                "There has been no run yet", at: places.home, advice: "Begin one with: rz update ENVIRONMENT.")
        default:
            return try await onlyUnfinished(of: known, places)
        }
    }

    /// Opens the journal that a person means by the name of an environment or of a run, `r-20261123-0007`.
    ///
    /// - Parameter environment: which of several environments with a run of that name.
    /// - Returns: the run too, if one was named.
    static func find(
        _ target: String?, in environment: String? = nil, readOnly: Bool = false
    ) async throws -> (runs: Runs, run: RunID?) {
        guard let target, isRun(target) else {
            if let target, let environment, target != environment {
                throw Failure("\(target) and \(environment) are two environments", advice: "Name one.")
            }
            return (try await open(target ?? environment, readOnly: readOnly), nil)
        }
        if let environment { return (try await open(environment, readOnly: readOnly), RunID(target)) }
        var places: [Runs] = []
        for runs in try await all() where try await !runs.store.events(of: RunID(target), after: 0).isEmpty {
            places.append(runs)
        }
        guard let only = places.first else {
            throw Failure("There is no run \(target)", advice: "See them all with: rz history.")
        }
        guard places.count == 1 else {
            throw Failure(
                "\(target) is the name of \(places.count) runs, one of each of these environments",
                details: places.map(\.environment),
                advice: "Name the environment in its place; rz history takes both: --environment \(only.environment).")
        }
        return (try await open(only.environment, readOnly: readOnly), RunID(target))
    }

    /// Nil where the environment has no journal that can be read.
    static func toRead(_ environment: String, _ places: Places) -> Runs? {
        (try? Stores.runs(of: environment, places, readOnly: true)).map { Runs(environment: environment, store: $0) }
    }

    /// What the last run that moves traffic left. Nil where there was none, one has not ended, or the journal can't be
    /// read: then a run can't begin either.
    func lastMove() async -> LastRun? {
        guard let runs = try? await store.runs() else { return nil }
        for run in runs.reversed() {
            guard let (plan, state) = try? await load(run) else { return nil }
            if plan.movesTraffic || !state.status.isEnded { return LastRun(plan, state) }
        }
        return nil
    }

    /// What all runs have shown to work. A run that can't be read shows nothing.
    func proofs() async -> Proofs {
        var proofs = Proofs()
        for run in (try? await store.runs()) ?? [] {
            guard let events = try? await store.events(of: run, after: 0),
                let plan = try? await plan(of: RunState(run: run, events: events))
            else { continue }
            proofs.add(plan, events)
        }
        return proofs
    }

    /// The runs of every environment that has a journal, to be read.
    static func all() async throws -> [Runs] {
        let places = try Places.trusted()
        return try Stores.environments(in: places).map { name in
            Runs(environment: name, store: try Stores.runs(of: name, places, readOnly: true))
        }
    }

    private static func isRun(_ name: String) -> Bool {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        return parts.count == 3 && parts[0] == "r" && parts[1].count == 8
            && parts.dropFirst().allSatisfy { !$0.isEmpty && $0.allSatisfy(\.isNumber) }
    }

    /// An environment without a journal: one that has had no run, or one that no one knows.
    private static func unknown(_ name: String, _ known: [String], _ places: Places) -> Failure {
        let root = ProcessInfo.processInfo.environment["RZ_ROOT"]
        let described = (try? ProjectFolder(root: root).environments()) ?? []
        let runs = known.isEmpty ? [] : ["runs of: \(known.joined(separator: ", "))"]
        if described.contains(name) {
            return Failure(
                "\(name) has had no run yet", at: places.home, details: runs,
                advice: "Begin one with: rz update \(name).")
        }
        let meant = ProjectFolder.nearest(name, in: Set(known).union(described).sorted())
        return Failure(
            "There is no environment \(name)", at: places.home, details: runs,
            advice: meant.map { "Did you mean \($0)?" } ?? "The environments are the folders under `environments/`.")
    }

    private static func onlyUnfinished(of names: [String], _ places: Places) async throws -> String {
        var unfinished: [String] = []
        for name in names {
            let runs = Runs(environment: name, store: try Stores.runs(of: name, places, readOnly: true))
            if let state = try await runs.latest()?.state, !state.status.isEnded { unfinished.append(name) }
        }
        guard unfinished.count == 1 else {
            throw Failure(
                unfinished.isEmpty ? "No run is in progress" : "Runs of several environments are in progress",
                details: ["environments: \((unfinished.isEmpty ? names : unfinished).joined(separator: ", "))"],
                advice: "Name the environment. See them all with: rz status.")
        }
        return unfinished[0]
    }

    /// The latest run with its plan and state; nil when there was none.
    func latest() async throws -> (plan: Plan, state: RunState)? {
        guard let run = try await store.latestRun() else { return nil }
        return try await load(run)
    }

    func load(_ run: RunID) async throws -> (plan: Plan, state: RunState) {
        let events = try await store.events(of: run, after: 0)
        guard !events.isEmpty else {
            throw Failure("There is no run \(run) of \(environment)", advice: "See them all with: rz history.")
        }
        // Only the events tell which plan the run performs now, and only the plan what its phases are.
        let plan = try await plan(of: RunState(run: run, events: events))
        return (plan, RunState(run: run, phases: plan.phases, events: events))
    }

    /// The plan that a run performs now.
    func plan(of state: RunState) async throws -> Plan {
        guard let text = try await store.plan(state.planID) else {
            throw Failure(
                "The plan of \(state.run) is lost, so it can't be shown or gone on with", at: store.place,
                details: ["plan \(state.planID)"], advice: "What happened: rz journal export \(environment) -o FILE.")
        }
        return try PlanCoding.plan(from: Array(text.utf8))
    }

    /// That no run was begun; or, where a process died with the lock, that its events may be gone.
    func noRun() async throws -> Failure {
        let failure = Failure(
            "\(environment) has had no run yet", at: store.place,
            advice: "Begin one with: rz update \(environment).")
        guard let lease = try await store.currentLease(), !lease.mayAct else { return failure }
        return Failure(
            "\(environment) has no run, but a process that performed one, or was about to, has died",
            at: store.place,
            details: ["\(lease): \(lease.purpose)"],
            advice: "If someone deleted the file's -wal, its events are lost: rz plan \(environment) shows which "
                + "color carries the traffic. Else begin a run with: rz update \(environment).")
    }

    /// The run that can be steered: the latest one, unless it has ended.
    ///
    /// - Parameter named: the run that a person means; nil for whichever it is.
    func unfinished(_ named: RunID? = nil) async throws -> (plan: Plan, state: RunState) {
        guard let (plan, state) = try await latest() else {
            var failure = try await noRun()
            failure.kind = .refused
            throw failure
        }
        try refuseAnother(named, than: state)
        guard !state.status.isEnded else {
            throw Failure(
                "\(environment) has no run in progress", details: ["\(state.run) has ended: \(state.status.ending)"],
                advice: "Begin one with: rz update \(environment).", kind: .refused)
        }
        return (plan, state)
    }

    /// A run that another one followed can't be steered any more.
    func refuseAnother(_ named: RunID?, than state: RunState) throws(Failure) {
        guard let named, named != state.run else { return }
        throw Failure(
            "\(named) is not the latest run of \(environment)", details: ["that is \(state.run)"], kind: .refused)
    }

    /// Writes down what someone asks of a run, for the process that performs it.
    func ask(_ kind: Event.Kind, of run: RunID) async throws {
        _ = try await store.append([kind], run: run, epoch: nil, at: SystemClock().now)
    }

    /// The living process that performs a run of this environment.
    func performer() async throws -> RunLease? {
        guard let lease = try await store.currentLease(), lease.mayAct else { return nil }
        return lease
    }
}

extension RunState.Status {
    /// How a run ended, in a word.
    var ending: String {
        switch self {
        case .done: "done"
        case .rolledBack: "rolled back"
        case .aborted: "aborted"
        case .running, .paused, .halted, .rollingBack: "not at all"
        }
    }
}
