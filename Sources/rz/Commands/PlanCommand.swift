import ArgumentParser
import FoundationEssentials
import Glibc
import Migration
import Operations
import Planning
import Reporting
import Runbooks
import SafeFiles

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what an update would do; change nothing.",
        discussion: """
            Exits with 2 when there is something to do, 0 when there is nothing, 1 on an error, 5 when something blocks \
            the plan. A saved plan is sealed: edited, it is refused.

              rz plan shop
              rz plan shop -o shop.plan
              rz update --plan shop.plan
              rz plan shop --old-unreachable
            """)

    @Argument(help: "The environment to plan for.")
    var environment: String

    @Option(name: .shortAndLong, help: ArgumentHelp("Save the plan, to run exactly it later.", valueName: "file"))
    var output: String?

    @Flag(name: .long, help: "Print the plan as JSON.")
    var json = false

    @OptionGroup var lifting: LiftOptions
    @OptionGroup var old: OldColorOptions
    @OptionGroup var project: ProjectOptions

    func run() async throws {
        try await exiting {
            let project = try await Project.load(environment, root: project.chosenRoot, planFile: output)
            var request = old.request
            request.lifted = try lifting.lifted(of: project.environment)
            let plan = try await project.plan(.rzUpdate, request)
            let isSaved = output != nil && plan.obstacles.isEmpty
            if let output, isSaved { try PrivateFile.write(try PlanCoding.text(of: plan) + "\n", to: output) }
            return try plan.show(json: json, savedAs: isSaved ? output : nil)
        }
    }
}

extension Plan {
    /// Prints the plan, and says whether there is something to do, and whether it can be done.
    func show(json: Bool, savedAs file: String? = nil) throws -> ExitStatus {
        let terminal = Terminal.standardOutput
        terminal.write(
            json
                ? try PlanCoding.text(of: self) + "\n"
                : PlanView(self, style: terminal.style, width: terminal.width, savedAs: file).text)
        if !obstacles.isEmpty { return .refused }
        return steps.isEmpty ? .done : .changes
    }
}

extension Project {
    /// The plan of an operation for the world as it is now.
    ///
    func plan(_ operation: Operation, _ request: PlanRequest = PlanRequest()) async throws -> Plan {
        try refuseUnlessFilledIn()
        var request = request
        if request.isOldUnreachable { request.kept = try keptServices() }
        request.time = SystemClock().now
        var observation = try await operation.observe(observer(), source, request)
        await keep(observation.look, at: request.time)
        observation.drifts = DriftLook(observation.drifts).masked(settings.secrets).drifts
        return try await planner(operation).plan(
            observation, at: SystemClock().now, lifting: request.lifted)
    }

    /// A saved plan, if it is what was saved, still fits the world, and is what the pinned commit says: what was approved
    /// is what runs, and nothing else.
    func approved(_ saved: Plan, at file: String) async throws -> Plan {
        let now = try await plan(try Operation.of(saved), saved.request)
        let differences = try saved.differences(to: now)
        try saved.refuseUnlessSealed(at: file, details: differences)
        let fresh = "Make a new one: rz plan \(environment.name) -o FILE."
        let stale = saved.world.differences(to: now.world) + differences.filter { $0.hasPrefix("provisioning") }
        guard stale.isEmpty else {
            throw Failure(
                "The plan \(Plan.short(saved.id)) is stale: the world changed since it was made", details: stale,
                advice: fresh, kind: .refused)
        }
        guard differences.isEmpty else {
            throw Failure(
                "The plan \(Plan.short(saved.id)) is not what "
                    + "\(source.commit.map { "commit \($0.prefix(12))" } ?? "the environment") says",
                at: file, details: differences, advice: fresh, kind: .refused)
        }
        var approved = saved
        approved.source = source
        approved.obstacles = now.obstacles
        return approved
    }

    private func observer() async -> Observer {
        let runs = Runs.toRead(environment.name, places)
        let last = try? await runs?.store.lastEpoch()
        return Observer(
            environment: environment, drivers: drivers, epoch: (last ?? 0) + 1, lastRun: await runs?.lastMove())
    }

    func driftObserver() async throws(Failure) -> DriftObserver {
        try refuseUnlessFilledIn()
        return DriftObserver(
            environment: environment, drivers: drivers,
            lastRun: await Runs.toRead(environment.name, places)?.lastMove())
    }

    func planner(_ operation: Operation) async -> Planner {
        Planner(
            environment: environment, runbook: runbook, operation: operation,
            history: await durationsOfLastRun(),
            proofs: environment.drillEvery == nil
                ? Proofs() : await Runs.toRead(environment.name, places)?.proofs() ?? Proofs())
    }

    /// How long each step took in the last run that was done; nothing when there was none, or it can't be read.
    private func durationsOfLastRun() async -> [StepID: Period] {
        guard let store = Runs.toRead(environment.name, places)?.store, let runs = try? await store.runs() else {
            return [:]
        }
        for run in runs.reversed() {
            guard let events = try? await store.events(of: run, after: 0) else { continue }
            let state = RunState(run: run, events: events)
            guard state.status == .done else { continue }
            return state.steps.compactMapValues { step in
                step.startedAt.flatMap { start in step.endedAt.map { $0 - start } }
            }
        }
        return [:]
    }
}

extension Plan {
    /// What its maker asked for.
    fileprivate var request: PlanRequest {
        PlanRequest(color: direction.new, lifted: lifted, isOldUnreachable: unreachable != nil)
    }

    /// A plan that `rz plan -o` saved.
    static func read(_ path: String) throws -> Plan {
        // One byte more than the limit: what is longer is refused without being read.
        let bytes: [UInt8]
        do throws(FileProblem) {
            bytes = try FileContents.read(path, limit: PlanCoding.largest + 1)
        } catch {
            throw Failure(
                "The plan can't be read", at: path, details: [error.reason],
                advice: "Save one with: rz plan ENVIRONMENT -o FILE.")
        }
        return try PlanCoding.savedPlan(from: bytes, at: path)
    }
}
