import ArgumentParser
import Migration
import Operations
import Planning

struct UpdateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Run a full update: stand up the other color, move the traffic, take the old color down.",
        discussion: """
            Exits with 0 done, 3 halted (resumable), 4 rolled back, 5 refused, 130 interrupted (resumable).

              rz update shop
              rz update --plan shop.plan --yes
              rz update shop --yes --until serviceGate
              rz update shop --lift maxStep --reason "CHG 4711: blue's racks lose power at 18:00"
              rz update shop --old-unreachable
              rz update --plan shop.plan --dry-run    whether it can still be run
            """)

    @Argument(help: "The environment to update.")
    var environment: String?

    @Option(name: .long, help: ArgumentHelp("Run exactly this saved plan; a stale one is refused.", valueName: "file"))
    var plan: String?

    @Flag(name: .long, help: "Don't ask.")
    var yes = false

    @Flag(name: .long, help: "Show what would be done, as rz plan does; change nothing.")
    var dryRun = false

    @Option(name: .long, help: ArgumentHelp("Halt after this phase.", valueName: "phase"))
    var until: PhaseID?

    @OptionGroup var lifting: LiftOptions
    @OptionGroup var old: OldColorOptions
    @OptionGroup var project: ProjectOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if plan != nil, old.isUnreachable {
            throw ValidationError("A saved plan says itself whether the old color is unreachable.")
        }
        if environment == nil, plan == nil { throw ValidationError("Name an environment, or a plan with --plan.") }
        if plan != nil, !lifting.lift.isEmpty {
            throw ValidationError("A saved plan says what it lifts: rz plan ENVIRONMENT --lift … -o FILE.")
        }
    }

    func run() async throws {
        try await exiting {
            let saved = try plan.map { try Plan.read($0) }
            if let environment, let saved, saved.environment.name != environment {
                throw Failure(
                    "\(plan ?? "") is a plan for \(saved.environment.name), not for \(environment)", kind: .refused)
            }
            let name = environment ?? saved?.environment.name ?? ""
            let project = try await Project.load(name, root: self.project.chosenRoot, planFile: plan)
            var request = old.request
            request.lifted = try lifting.lifted(of: project.environment)
            if dryRun {
                let plan =
                    if let saved { try await project.approved(saved, at: plan ?? "") } else {
                        try await project.plan(.rzUpdate, request)
                    }
                return try plan.show(json: output.json)
            }
            return try await NewRun(
                operation: .rzUpdate, request: request, purpose: "rz update \(name)", asks: !yes,
                output: output.output
            ).perform(project, saved: saved.map { ($0, plan ?? "") }, until: until)
        }
    }
}

extension PhaseID: ExpressibleByArgument {
    public init?(argument: String) { self.init(rawValue: argument) }
    public static var allValueStrings: [String] { Operation.rzUpdate.phases.map(\.id.rawValue) }
}
