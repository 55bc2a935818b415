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

    @OptionGroup var outside: OutsideOptions

    @Option(
        name: .long,
        help: ArgumentHelp("A backend of the load balancers that moves; once for each.", valueName: "name"))
    var backend: [String] = []

    @Flag(name: .long, help: "Print one JSON object, and ask nothing.")
    var json = false

    func run() async throws {
        try await exiting {
            var template = try template()
            let new = try NewEnvironment(template, in: outside.folder)
            if asks { template = try InitQuestions(TerminalDialogue()).complete(template) }
            try template.refuseContradictions()
            let report = try new.write(template, isFound: outside.isFound)
            Terminal.standardOutput.write(json ? JSON.object(report.json).compact + "\n" : report.text)
            return .done
        }
    }

    /// One flag, and what is left out is meant to be left out.
    private var asks: Bool {
        !json && servers == nil && outside.mesos == nil
            && [outside.loadBalancer, outside.framework, backend].allSatisfy(\.isEmpty)
            && isatty(STDIN_FILENO) == 1 && Terminal.standardOutput.isInteractive
    }

    private func template() throws(Failure) -> EnvironmentTemplate {
        EnvironmentTemplate(
            name: try EnvironmentTemplate.name(name),
            servers: servers == .static ? .static : .terraform,
            loadBalancers: try outside.loadBalancers(), frameworks: try outside.frameworks(),
            mesos: try outside.mesosURL(),
            backends: try backend.map(EnvironmentTemplate.backend))
    }
}
