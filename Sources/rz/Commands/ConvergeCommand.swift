import ArgumentParser
import Migration
import Operations
import Planning
import Reporting
import Runbooks

struct ConvergeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "converge",
        abstract: "Take back what was changed by hand on the live color, or look for it with --check.",
        discussion: """
            Compares the servers (what Terraform would change), their configuration (what the playbook would change: \
            `ansible-playbook --check --diff`), the services (what came, went, was scaled or changed since the last run, \
            and what Mesos runs that no source reports), the load balancers (weights and administration) and the \
            certificates.

            With --check it changes nothing and exits with 0 for no drift, 2 for drift, 1 when something could not be \
            compared. Without it the drift of servers, configuration and services is taken back by a run, which can be \
            halted, resumed and rolled back as any; of load balancers only if they are named, by --load-balancers or --only. No server that may have \
            users is replaced, data disks are not touched, and a service that no run knows is suspended, not removed. \
            Exits with 0 done, or nothing to do; 2 drift is left that only a person can take back; 3 halted \
            (resumable); 4 rolled back; 5 refused; 130 interrupted (resumable).

              rz converge shop --check
              rz converge shop
              rz converge shop --check --only servers --only services
              rz converge shop --check --every 1h
              rz converge shop --history
            """)

    @Argument(help: "The environment.")
    var environment: String

    @Flag(name: .long, help: "Only look.")
    var check = false

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp("This area only; may be repeated.", valueName: "area"))
    var only: [Drift.Area] = []

    @Flag(name: .long, help: "Take drift of load balancers back, too.")
    var loadBalancers = false

    @Option(
        name: .long,
        help: ArgumentHelp("Do it again each time so long has passed, until stopped: 30m, 1h.", valueName: "duration"))
    var every: Period?

    @Flag(name: .long, help: "Show what --every found and did; look at nothing.")
    var history = false

    @Flag(name: .long, help: "Don't ask.")
    var yes = false

    @Flag(name: .long, help: "Print JSON lines: the drifts with --check, else the events of the run.")
    var json = false

    @OptionGroup var project: ProjectOptions

    func validate() throws {
        if every != nil, !check, !yes {
            throw ValidationError("No one can be asked each time: pass --check to look only, or --yes.")
        }
        if let every, every < .minutes(1) { throw ValidationError("--every takes 1m or more.") }
        if check, loadBalancers { throw ValidationError("--check looks at load balancers anyway, and changes none.") }
    }

    func run() async throws {
        try await exiting {
            let round = ConvergeRound(
                environment: environment, root: project.chosenRoot, areas: areas, isCheck: check, asks: !yes, json: json
            )
            if history { return try showHistory() }
            guard let every else {
                return check ? try await round.look().status : try await round.takeBack()
            }
            return try await ConvergeRounds(round: round, every: every).perform()
        }
    }

    private var areas: [Drift.Area] {
        if check, only.isEmpty { return Drift.Area.allCases }
        let asked = only.isEmpty ? [.servers, .configuration, .services] : only
        return Drift.Area.allCases.filter { asked.contains($0) || loadBalancers && $0 == .loadBalancers }
    }

    private func showHistory() throws -> ExitStatus {
        let rounds = try DriftHistory(environment, try Places.trusted()).rounds()
        guard !rounds.isEmpty else {
            throw Failure(
                "There is no history of drift of \(environment)",
                advice: "Keep one with: rz converge \(environment) --check --every 1h")
        }
        let view = DriftHistoryView(rounds, style: Terminal.standardOutput.style)
        Terminal.standardOutput.write(json ? try view.json : view.text)
        return .done
    }
}

extension Drift.Area: ExpressibleByArgument {}

extension Period: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
