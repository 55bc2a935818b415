import Migration
import Operations
import Planning
import Reporting
import Runbooks

/// One look for drift, or one run that takes it back.
struct ConvergeRound {
    let environment: String
    let root: String?
    let areas: [Drift.Area]
    let isCheck: Bool
    let asks: Bool
    let json: Bool

    /// What a look found, for the exit status and for the history.
    struct Outcome {
        let live: Color
        let entries: [DriftView.Entry]

        var status: ExitStatus {
            if entries.contains(where: \.isIncomplete) { return .error }
            return entries.allSatisfy(\.isClean) ? .done : .changes
        }
    }

    /// Compares each area, and prints what differs. Changes nothing.
    func look() async throws -> Outcome { try await look(by: try await Project.load(environment, root: root)) }

    /// The same for a project that was read already.
    func look(by project: Project) async throws -> Outcome {
        let observer = try await project.driftObserver()
        let live = try await observer.observeLiveColor()
        let servers = await observer.observeServers(of: live)
        let terminal = Terminal.standardError
        let showsProgress = terminal.isInteractive && !json
        var entries: [DriftView.Entry] = []
        for area in areas {
            if showsProgress { terminal.write("looking at \(area.rawValue) …\n") }
            do throws(Failure) {
                let look = try await observer.look(at: area, of: live, on: servers) { line in
                    if showsProgress { terminal.write("  \(line)\n") }
                }
                if area == .services { await project.keepServices(of: live) }
                entries.append(DriftView.Entry(area, .success(look.masked(project.settings.secrets))))
            } catch {
                if error.kind == .cancelled { throw error }
                entries.append(DriftView.Entry(area, .failure(error)))
            }
        }
        let output = Terminal.standardOutput
        let view = DriftView(environment: environment, live: live, entries, style: output.style, width: output.width)
        output.write(json ? view.json : view.text)
        return Outcome(live: live, entries: entries)
    }

    /// Takes back what can be, by a run.
    func takeBack() async throws -> ExitStatus {
        let project = try await Project.load(environment, root: root)
        let output: RunSession.Output =
            json ? .json : Terminal.standardOutput.isInteractive ? .people : .lines
        return try await NewRun(
            operation: .converge, request: PlanRequest(areas: areas), purpose: "rz converge \(environment)",
            asks: asks, output: output
        ).perform(project)
    }
}
