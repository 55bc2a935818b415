import ArgumentParser
import Migration

// What `rz sandbox` takes and says of itself. The work is done by the program `rz-sandbox`, which reads the same
// declarations (`Sources/Programs/rz-sandbox`); here each command hands over to it.

public struct SandboxCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "sandbox",
        abstract: "A data centre in a box, to practise on: real Terraform, Ansible, HAProxy and services on loopback.",
        discussion: """
              rz sandbox up
              rz update sandbox
              rz sandbox down
            """,
        subcommands: [
            SandboxUp.self, SandboxDown.self, SandboxStatus.self, SandboxLoadCommand.self, SandboxScheduler.self,
        ])

    public init() {}
}

/// A command that another program performs.
public protocol SandboxSubcommand: AsyncParsableCommand {}

extension SandboxSubcommand {
    public func run() async throws {
        try await exiting { () async throws -> ExitStatus in try SandboxProgram.takeOver() }
    }
}

public struct SandboxUp: SandboxSubcommand {
    public static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Build the sandbox, with blue live.",
        discussion: """
            Several sandboxes stand side by side, each with its own RZ_HOME.

              rz sandbox up
              rz sandbox up --services my-apps/
            """)

    @Option(name: .long, help: ArgumentHelp("Launch the Marathon apps of this folder, too.", valueName: "dir"))
    public var services: String?

    @Flag(
        name: .long,
        help: "Give edge-2 an admin port on TCP, too. Every user of this machine can change HAProxy through it.")
    public var adminPort = false

    @OptionGroup public var project: ProjectOptions

    public init() {}
}

public struct SandboxDown: SandboxSubcommand {
    public static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Remove the sandbox: every process, file and socket, whatever state it is in.",
        discussion: "  rz sandbox down")

    public init() {}
}

public struct SandboxStatus: SandboxSubcommand {
    public static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Where the sandbox can be reached, and which color is live.",
        discussion: """
              rz sandbox status
              rz sandbox status --json
            """)

    @Flag(name: .long, help: "Print one JSON object.")
    public var json = false

    public init() {}
}

public struct SandboxLoadCommand: SandboxSubcommand {
    public static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Act as the sandbox's users: send requests at a steady rate, and count every failure.",
        discussion: """
            Ends early on SIGTERM or Ctrl-C, with the same report.

              rz sandbox load --rate 50 --duration 60
              rz sandbox load --rate 100 --duration 600 --json > load.json &
            """)

    @Option(name: .long, help: "Requests a second.")
    public var rate = 50

    @Option(name: .long, help: ArgumentHelp("How long, in seconds, or as 90s, 10m.", valueName: "time"))
    public var duration = "60"

    @Flag(name: .long, help: "Print one JSON object.")
    public var json = false

    public init() {}

    public func validate() throws {
        guard (1...10_000).contains(rate) else { throw ValidationError("--rate is a number from 1 to 10000.") }
        guard period != nil else {
            throw ValidationError("--duration is a number of seconds, or a time as 90s or 10m.")
        }
    }

    /// Nil for what `validate` refuses.
    public var period: Period? { Int64(duration).map { Period.seconds($0) } ?? Period(duration) }
}

/// Started by the sandbox's playbook on each color's control server.
public struct SandboxScheduler: SandboxSubcommand {
    public static let configuration = CommandConfiguration(
        commandName: "scheduler", abstract: "The sandbox's Marathon-compatible scheduler.",
        discussion: """
              rz sandbox scheduler --config servers/blue-control-1/etc/scheduler.json
              rz sandbox scheduler --config scheduler.json --mesos http://127.0.0.1:5050
            """, shouldDisplay: false)

    @Option(name: .long, help: "Its configuration, JSON.")
    public var config: String

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Run the tasks as a framework of this Mesos cluster, not here. With commas: all its masters; the first is "
                + "asked, and may redirect to the others.", valueName: "url"))
    public var mesos: String?

    public init() {}

    public func validate() throws {
        guard mesos.map({ $0.hasPrefix("http://") || $0.hasPrefix("https://") }) ?? true else {
            throw ValidationError("--mesos is the URL of a Mesos master, for example http://127.0.0.1:5050.")
        }
    }
}
