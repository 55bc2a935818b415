import ArgumentParser
import Migration
import Planning
import Reporting
import Runbooks

struct ConvergeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "converge",
        abstract: "Compare the live color with what describes it.",
        discussion: """
            Looks at the servers (what Terraform would change), their configuration (what the playbook would change: \
            `ansible-playbook --check --diff`), the services (what came, went or was scaled since the last run, and what \
            Mesos runs that no source reports), the load balancers (weights and administration) and the certificates. \
            Changes nothing. Exits with 0 for no drift, 2 for drift, 1 when something could not be compared.

              rz converge shop --check
              rz converge shop --check --only servers --only services
            """)

    @Argument(help: "The environment.")
    var environment: String

    @Flag(name: .long, help: "Only look; nothing else is possible yet.")
    var check = false

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp("Look at this area only; may be repeated.", valueName: "area"))
    var only: [Drift.Area] = []

    @Flag(name: .long, help: "Print a JSON line for each drift.")
    var json = false

    @OptionGroup var project: ProjectOptions

    func validate() throws {
        guard check else {
            throw ValidationError("This rz can't take drift back yet. Look for it with --check.")
        }
    }

    func run() async throws {
        try await exiting {
            let project = try await Project.load(environment, root: project.chosenRoot)
            let observer = await project.driftObserver()
            let live = try await observer.observeLiveColor()
            let servers = await observer.observeServers(of: live)
            let areas = only.isEmpty ? Drift.Area.allCases : Drift.Area.allCases.filter(only.contains)
            let terminal = Terminal.standardError
            let showsProgress = terminal.isInteractive && !json
            var entries: [DriftView.Entry] = []
            for area in areas {
                if showsProgress { terminal.write("looking at \(area.rawValue) …\n") }
                do throws(Failure) {
                    let look = try await observer.look(at: area, of: live, on: servers) { line in
                        if showsProgress { terminal.write("  \(line)\n") }
                    }
                    entries.append(DriftView.Entry(area, .success(look.masked(project.settings.secrets))))
                } catch {
                    entries.append(DriftView.Entry(area, .failure(error)))
                }
            }
            return show(entries, live)
        }
    }

    private func show(_ entries: [DriftView.Entry], _ live: Color) -> ExitStatus {
        let terminal = Terminal.standardOutput
        let view = DriftView(
            environment: environment, live: live, entries, style: terminal.style, width: terminal.width)
        terminal.write(json ? view.json : view.text)
        if entries.contains(where: \.isIncomplete) { return .error }
        return entries.allSatisfy(\.isClean) ? .done : .changes
    }
}

extension Drift.Area: ExpressibleByArgument {}
