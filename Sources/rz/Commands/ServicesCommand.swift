import ArgumentParser
import Clusters
import FoundationEssentials
import Glibc
import Migration
import Planning
import Reporting
import Runbooks

struct ServicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "services",
        abstract: "Show what each override does to each service, and what is bound to its environment.",
        discussion: """
            With --diff it compares two colors, field by field, and exits with 2 when they differ. Values of the \
            services' variables are ••• unless --show-values asks for them; those that are secret stay so.

              rz services shop
              rz services shop --diff blue green
            """)

    @Argument(help: "The environment.")
    var environment: String

    @Option(
        name: .long, parsing: .upToNextOption,
        help: ArgumentHelp("Compare the first color, its overrides applied, with the second.", valueName: "color"))
    var diff: [String] = []

    @Flag(name: .long, help: "Print one JSON object.")
    var json = false

    @Flag(
        name: .long, help: "Show the values of variables, except secret ones.")
    var showValues = false

    @OptionGroup var project: ProjectOptions

    func validate() throws {
        guard diff.isEmpty || (diff.count == 2 && Set(diff.compactMap { Color(rawValue: $0) }).count == 2) else {
            throw ValidationError("--diff takes both colors, for example: --diff blue green")
        }
    }

    func run() async throws {
        try await exiting {
            let project = try await Project.load(environment, root: project.chosenRoot)
            let observer = Observer(environment: project.environment, drivers: project.drivers)
            let first = diff.first.flatMap { Color(rawValue: $0) }
            let color = if let first { first } else { try await observer.observeLiveColor() }
            let view = try await LiveValues.$areShown.withValue(showValues) {
                try await project.services(of: color, comparing: !diff.isEmpty)
            }
            let terminal = Terminal.standardOutput
            let secrets = project.settings.secrets
            if json {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
                terminal.write(secrets.redact(String(decoding: try encoder.encode(view), as: UTF8.self)) + "\n")
            } else {
                terminal.write(secrets.redact(view.text(style: terminal.style, width: terminal.width)))
            }
            return view.parity?.delta.isEmpty == false ? .changes : .done
        }
    }
}

extension Project {
    /// The services of a color, and how those of the other one compare.
    fileprivate func services(of color: Color, comparing: Bool) async throws -> ServicesView {
        let direction = Direction(from: color)
        let old = try await drivers.provisioner.observeServers(direction.old)
        let new = try await drivers.provisioner.observeServers(direction.new)
        let agents = new.isEmpty ? nil : try drivers.agents(direction.new, new)
        let placement = PlacementContext(
            old: old, new: new.isEmpty ? nil : new, agents: try await agents?.observeAgents())
        let observation = try await ServiceObservation(
            of: drivers.cluster(color, old), rules: environment.services, in: placement)
        var view = ServicesView(
            environment: environment.name, color: color,
            services: observation.rewritten.map {
                ServicesView.Entry(
                    $0, findings: observation.findings[$0.id, default: []],
                    breaches: environment.policies?.breaches(
                        of: $0.id, observation.containers[$0.id, default: []], now: SystemClock().now) ?? [])
            } + observation.ignored.map { ServicesView.Entry($0) })
        guard comparing else { return view }
        guard !new.isEmpty else {
            throw Failure(
                "\(direction.new) has no servers, so there is nothing to compare with",
                advice: "Compare during a run, once the services of \(direction.new) are launched.")
        }
        let cluster = try drivers.cluster(direction.new, new)
        let staying = Set(observation.ignored.map(\.id))
        let found = try await cluster.observeServices().filter { service in
            !staying.contains(service.id) && environment.services.ignoring(service.id) == nil
        }
        let delta = try ServiceDelta(from: observation.desired.pairs.map(\.wanted), to: found) {
            one, other throws(Failure) in
            try cluster.differences(one, other)
        }
        let all = Set(observation.rewritten.map(\.id)).union(found.map(\.id))
        view.parity = ServicesView.Parity(direction: direction, compared: all.count, delta: delta)
        return view
    }
}
