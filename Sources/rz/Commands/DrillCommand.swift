import ArgumentParser
import JSON
import Migration
import Operations
import Planning

struct DrillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drill",
        abstract: "Practise a move with users on it: there, a soak, and all the way back.",
        discussion: """
            Does what update does up to the end of the soak; then the traffic goes back, and the other color is taken down \
            again. The live color stays up all the time. Exits with 0 done, 3 halted (resumable), 4 rolled back before the \
            end of the soak, 5 refused, 130 interrupted (resumable); with --dry-run as plan does.

            --calendar exits with 2 if a drill is due by `drill.every` of the environment. --evaluate, for a job that runs \
            each day, exits with 2 if the live color has drifted or the plan of a move warns, with 5 if it is blocked.

              rz drill shop
              rz drill shop --calendar    what was proved, and when last
              rz drill shop --evaluate    whether a move could begin now
            """)

    @Argument(help: "The environment.")
    var environment: String

    @Flag(name: .long, help: "Don't ask.")
    var yes = false

    @Flag(name: .long, help: "Show what would be done; change nothing.")
    var dryRun = false

    @Flag(name: .long, help: "Show what earlier runs have proved, and when last.")
    var calendar = false

    @Flag(name: .long, help: "Look whether a move could begin now, and for drift; change nothing.")
    var evaluate = false

    @OptionGroup var project: ProjectOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if [dryRun, calendar, evaluate].filter(\.self).count > 1 {
            throw ValidationError("Pass one of --dry-run, --calendar and --evaluate.")
        }
    }

    func run() async throws {
        try await exiting {
            if evaluate {
                return try await PlanEvaluation(
                    environment: environment, root: self.project.chosenRoot, json: output.json
                ).perform()
            }
            let project = try await Project.load(environment, root: self.project.chosenRoot)
            if calendar { return await show(project) }
            if dryRun { return try await project.plan(.drill).show(json: output.json) }
            return try await NewRun(
                operation: .drill, purpose: "rz drill \(environment)", asks: !yes, output: output.output
            ).perform(project)
        }
    }

    private func show(_ project: Project) async -> ExitStatus {
        let proofs = await Runs.toRead(environment, project.places)?.proofs() ?? Proofs()
        let calendar = DrillCalendar(
            proofs, of: environment, every: project.environment.drillEvery, at: SystemClock().now)
        Terminal.standardOutput.write(output.json ? calendar.json + "\n" : calendar.text)
        return calendar.isDue ? .changes : .done
    }
}

extension JSON {
    fileprivate static func optional(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
}

/// What was proved of an environment, and when last.
struct DrillCalendar {
    private let proofs: Proofs
    private let name: String
    private let limit: Period?
    private let time: Instant

    init(_ proofs: Proofs, of name: String, every limit: Period?, at time: Instant) {
        self.proofs = proofs
        self.name = name
        self.limit = limit
        self.time = time
    }

    /// To the hour, and of the last day to the minute.
    private func age(of proof: Proofs.Proof) -> String {
        let minutes = (time - proof.at).milliseconds / 60_000
        return Wording.length(.minutes(minutes < 24 * 60 ? minutes : minutes / 60 * 60))
    }

    private var stale: [Proofs.Part] { limit.map { proofs.stale(after: $0, at: time) } ?? [] }
    var isDue: Bool { !stale.isEmpty }

    var text: String {
        let lines = Proofs.Part.allCases.map { part -> String in
            let proof = proofs.last[part].map { "\($0.at)  \($0.run)  \(age(of: $0)) ago" } ?? "never"
            let due = stale.contains(part) ? "   due" : ""
            return "  \(part.words.padded(to: 14))  \(proof)\(due)"
        }
        let next = isDue ? ["Practise it: rz drill \(name)"] : []
        return (["What runs of \(name) have proved, and when last:"] + lines + next).joined(separator: "\n") + "\n"
    }

    /// One object: the environment, each part with its last proof, and whether a drill is due.
    var json: String {
        let parts = Proofs.Part.allCases.map { part -> JSON in
            let proof = proofs.last[part]
            return [
                "part": .string(part.rawValue), "run": JSON.optional(proof?.run.text),
                "time": JSON.optional(proof?.at.description), "due": .bool(stale.contains(part)),
            ]
        }
        return JSON.object(
            Answer.object([
                ("environment", .string(name)), ("due", .bool(isDue)), ("proofs", .array(parts)),
            ])
        ).compact
    }
}
