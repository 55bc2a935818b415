import ArgumentParser
import FoundationEssentials
import Glibc
import JSON
import Migration
import Runbooks
import SafeFiles

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Begin an environment: files that are valid at once, with marks where to fill in.",
        discussion: """
            On a terminal and without flags it asks. What is not given gets a value to start from, and a mark
            `# FILL IN: …`. Files that exist stay as they are; an environment that exists is refused.

              rz init shop
              rz init shop --static --load-balancer edge-1=tcp:127.0.0.1:9999 --backend be_shop
              rz init shop --framework 'marathon=http://{{ control[0].address }}:8080'
              rz init shop --framework 'compose=http://{{ control[0].address }}:10000' \\
                  --mesos 'http://{{ control[0].address }}:5050'
            """)

    enum Servers: String, EnumerableFlag {
        case terraform, `static`

        static func help(for value: Servers) -> ArgumentHelp? {
            value == .terraform ? "Servers are built by Terraform or OpenTofu (default)." : "Servers always exist."
        }
    }

    @Argument(help: "The name of the environment: lower-case letters, digits and dashes.")
    var name: String

    @Flag var servers: Servers?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "A load balancer and its admin socket, unix:/path or tcp:host:port; once for each.",
            valueName: "name=socket"))
    var loadBalancer: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp(
            "What launches services: marathon, metronome, chronos or compose; once for each.", valueName: "kind=url"))
    var framework: [String] = []

    @Option(name: .long, help: ArgumentHelp("The Mesos master, if it can be asked.", valueName: "url"))
    var mesos: String?

    @Option(
        name: .long,
        help: ArgumentHelp("A backend of the load balancers that moves; once for each.", valueName: "name"))
    var backend: [String] = []

    @Flag(name: .long, help: "Print one JSON object, and ask nothing.")
    var json = false

    @Option(
        name: .long,
        help: ArgumentHelp("The folder to begin it in; by default $RZ_ROOT or the current one.", valueName: "dir"))
    var root: String?

    func run() async throws {
        try await exiting {
            let folder = URL(filePath: chosenRoot ?? current).standardizedFileURL.path
            // Whether commands that are typed next find the project by themselves.
            let isFound = root == nil || folder == URL(filePath: current).standardizedFileURL.path
            var template = try template()
            let new = try NewEnvironment(template, in: folder)
            if asks { template = try InitQuestions(TerminalDialogue()).complete(template) }
            try template.refuseContradictions()
            let report = try new.write(template, isFound: isFound)
            Terminal.standardOutput.write(json ? JSON.object(report.json).compact + "\n" : report.text)
            return .done
        }
    }

    private var current: String { FileManager.default.currentDirectoryPath }

    /// As for all other commands, so that they find what was written.
    private var chosenRoot: String? { root ?? ProcessInfo.processInfo.environment["RZ_ROOT"] }

    /// One flag, and what is left out is meant to be left out.
    private var asks: Bool {
        !json && servers == nil && mesos == nil && [loadBalancer, framework, backend].allSatisfy(\.isEmpty)
            && isatty(STDIN_FILENO) == 1 && Terminal.standardOutput.isInteractive
    }

    private func template() throws(Failure) -> EnvironmentTemplate {
        EnvironmentTemplate(
            name: try EnvironmentTemplate.name(name),
            servers: servers == .static ? .static : .terraform,
            loadBalancers: try loadBalancer.map(EnvironmentTemplate.LoadBalancer.init(_:)),
            frameworks: try framework.map(EnvironmentTemplate.Framework.init(_:)),
            mesos: try mesos.map { text throws(Failure) in try EnvironmentTemplate.url(text) },
            backends: try backend.map(EnvironmentTemplate.backend))
    }
}
