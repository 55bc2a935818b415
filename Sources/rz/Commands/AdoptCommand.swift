import ArgumentParser
import FoundationEssentials
import JSON
import Migration
import Runbooks

struct AdoptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Begin an environment of a data centre that exists: what stands becomes the live color.",
        discussion: """
            Reads the Terraform module with its state (or a list of servers), the load balancers and the frameworks, \
            writes the environment, and lists what is missing for a move. Nothing outside is changed: a copy of the \
            state becomes rz's. It exits with 0 when nothing is missing, and with 2 when something is.

              rz adopt shop --terraform /srv/shop/terraform --ansible /srv/shop/ansible/site.yml \\
                  --load-balancer edge-1=unix:/run/haproxy/admin.sock --framework marathon=http://10.1.0.10:8080
              rz adopt shop --static servers.yaml --load-balancer edge-1=tcp:10.1.0.2:9999 --dry-run
            """)

    @Argument(help: "The name of the environment: lower-case letters, digits and dashes.")
    var name: String

    @Option(name: .long, help: "What the servers that stand become.")
    var color: Color = .blue

    @Option(
        name: .long,
        help: ArgumentHelp("The folder of the Terraform root module that built the servers.", valueName: "dir"))
    var terraform: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "What `terraform state pull` wrote; by default the state is read where the module keeps it.",
            valueName: "file"))
    var state: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Values that the module is applied with, as for Terraform; once for each.", valueName: "file"))
    var varFile: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp(
            "In place of Terraform: a YAML or JSON file, group: [ { name, address } ].", valueName: "file"))
    var `static`: String?

    @OptionGroup var outside: OutsideOptions

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Who calls a framework, and where the password is: 'marathon=rz:${file:/etc/rz/marathon.password}'.",
            valueName: "kind=user:reference"))
    var login: [String] = []

    @Option(name: .long, help: ArgumentHelp("The playbook that configured the servers.", valueName: "file"))
    var ansible: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "An environment variable that Terraform and Ansible need, as for credentials; once for each.",
            valueName: "variable"))
    var pass: [String] = []

    @Flag(name: .long, help: "Read, and print what would be written; write nothing.")
    var dryRun = false

    @Flag(name: .long, help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard (terraform == nil) != (`static` == nil) else {
            throw ValidationError("Give the servers that stand: either --terraform DIR or --static FILE.")
        }
        guard terraform != nil || state == nil && varFile.isEmpty else {
            throw ValidationError("--state and --var-file belong to --terraform.")
        }
        guard !outside.loadBalancer.isEmpty else {
            throw ValidationError("Give each load balancer in front of the servers: --load-balancer NAME=SOCKET.")
        }
    }

    func run() async throws {
        try await exiting {
            let folder = outside.folder
            var template = EnvironmentTemplate(
                name: try EnvironmentTemplate.name(name), servers: terraform == nil ? .static : .terraform,
                loadBalancers: try outside.loadBalancers(), frameworks: try outside.frameworks(),
                mesos: try outside.mesosURL())
            var adopted = EnvironmentTemplate.Adopted(color: color)
            adopted.pass = pass
            for text in login {
                let (kind, login) = try EnvironmentTemplate.login(text)
                adopted.logins[kind] = login
            }
            template.adopted = adopted
            try template.refuseContradictions()
            let new = try NewEnvironment(template, in: folder)
            let servers: Adoption.Servers =
                if let `static` { .list(path(`static`)) } else {
                    .terraform(
                        module: path(terraform ?? "."), state: state.map(path), values: varFile.map(path))
                }
            let adoption = Adoption(template: template, project: folder, playbook: ansible.map(path))
            let found = try await adoption.look(at: servers)
            if !dryRun { try found.keepState() }
            let report = AdoptionReport(
                found: found,
                files: try new.write(
                    found.template, isFound: outside.isFound, isDryRun: dryRun,
                    beside: `static`.map { [path($0)] } ?? []),
                isDryRun: dryRun)
            let text = json ? JSON.object(report.json).compact + "\n" : report.text
            Terminal.standardOutput.write(Redaction.redact(text))
            return report.isComplete ? .done : .changes
        }
    }

    private func path(_ text: String) -> String { URL(filePath: text).standardizedFileURL.path }
}
