import ArgumentParser
import Foundation
import JSON
import Journal
import Migration
import Planning
import Runbooks
import SafeFiles
import Sandbox

struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
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
}

struct SandboxUp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Build the sandbox, with blue live.",
        discussion: """
            Several sandboxes stand side by side, each with its own RZ_HOME.

              rz sandbox up
              rz sandbox up --services my-apps/
            """)

    @Option(name: .long, help: ArgumentHelp("Launch the Marathon apps of this folder, too.", valueName: "dir"))
    var services: String?

    @Flag(
        name: .long,
        help: "Give edge-2 an admin port on TCP, too. Every user of this machine can change HAProxy through it.")
    var adminPort = false

    @OptionGroup var project: ProjectOptions

    func run() async throws {
        try await exiting {
            let places = try Places.trusted()
            let folder = try ProjectFolder(root: project.chosenRoot)
            let began = SystemClock().now
            let dataCentre = try await DataCentre.reserve(
                rzHome: places.home, root: folder.root, rz: ownPath, python: try python(),
                hasAdminPort: adminPort)
            let sandbox = try await Project.load("sandbox", root: folder.root)
            let terminal = Terminal.standardError
            let signals = Signals {
                terminal.write("\nInterrupted. Remove what was built with: rz sandbox down\n")
                _exit(ExitStatus.interrupted.rawValue)
            }
            defer { signals.stop() }
            do {
                try await dataCentre.build(
                    provisioner: sandbox.drivers.provisioner, configurator: sandbox.drivers.configurator,
                    services: services
                ) { line in terminal.write("  \(line)\n") }
            } catch var failure as Failure {
                failure.advice =
                    (failure.advice.map { $0 + " " } ?? "") + "Remove what was built with: rz sandbox down."
                throw failure
            }
            let seconds = (SystemClock().now - began).seconds
            let frontends = dataCentre.folder.frontends.map(\.url).joined(separator: ", ")
            Terminal.standardOutput.write(
                """
                The sandbox is up on blue (\(Int(seconds)) s): \(frontends)
                Its schedulers demand the user \(SandboxFolder.user) and the password in \(dataCentre.folder.passwordFile)
                Next: rz plan sandbox, rz update sandbox; users: rz sandbox load --rate 50 --duration 60

                """)
            return .done
        }
    }

    /// Absolute, because the sandbox's scheduler is started from another folder.
    private var ownPath: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    }

    /// The system's own where there is one: wrappers of version managers start slowly.
    private func python() throws(Failure) -> String {
        if FileManager.default.isExecutableFile(atPath: "/usr/bin/python3") { return "/usr/bin/python3" }
        return try Tool.find("python3") ?? "python3"
    }
}

struct SandboxDown: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Remove the sandbox: every process, file and socket, whatever state it is in.",
        discussion: "  rz sandbox down")

    func run() async throws {
        try await exiting {
            let places = try Places.trusted()
            let ended = try await DataCentre.remove(
                rzHome: places.home,
                also: [places.state(of: "sandbox")]
                    + ["", "-wal", "-shm"].map { "\(places.home)/journal/sandbox.sqlite\($0)" })
            // Folders that only the sandbox had filled.
            for folder in ["environments", "journal", ""] { rmdir("\(places.home)/\(folder)") }
            Terminal.standardOutput.write(
                ended.map { "The sandbox is gone: \($0) processes ended.\n" }
                    ?? "There is no sandbox in \(places.home).\n")
            return .done
        }
    }
}

struct SandboxStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Where the sandbox can be reached, and which color is live.",
        discussion: """
              rz sandbox status
              rz sandbox status --json
            """)

    @Flag(name: .long, help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await exiting {
            let places = try Places.trusted()
            guard let folder = try SandboxFolder.existing(in: places.home) else {
                throw Failure("There is no sandbox", at: places.home, advice: "Build one with: rz sandbox up.")
            }
            let status = folder.status(live: try await live(folder))
            guard !json else {
                Terminal.standardOutput.write(status.compact + "\n")
                return .done
            }
            var lines = ["live: \(status["live"]?.string ?? "can't be told")"]
            for color in Color.allCases { lines.append("marathon of \(color): \(folder.marathon(color))") }
            for color in Color.allCases { lines.append("metronome of \(color): \(folder.metronome(color))") }
            let asked = status["live"]?.string.flatMap { Color(rawValue: $0) } ?? .blue
            lines.append("ask them: curl -K \(FileProblem.quoted(folder.curlFile)) \(folder.marathon(asked))/v2/apps")
            for frontend in folder.frontends { lines.append("\(frontend.name): \(frontend.url)") }
            for balancer in status["loadBalancers"]?.array ?? [] {
                lines.append("admin socket of \(balancer["name"]?.string ?? ""): \(balancer["socket"]?.string ?? "")")
            }
            Terminal.standardOutput.write(lines.joined(separator: "\n") + "\n")
            return .done
        }
    }

    private func live(_ folder: SandboxFolder) async throws -> Color? {
        let project = try await Project.load("sandbox", root: folder.root)
        var states: [LoadBalancerID: LoadBalancerState] = [:]
        for loadBalancer in project.drivers.loadBalancers {
            states[loadBalancer.name] = try? await loadBalancer.observe()
        }
        return try? liveColor(of: states, project.environment.traffic)
    }
}

struct SandboxLoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Be the sandbox's users: ask at a steady rate, and count every failure.",
        discussion: """
            Ends early on SIGTERM or Ctrl-C, with the same report.

              rz sandbox load --rate 50 --duration 60
              rz sandbox load --rate 100 --duration 600 --json > load.json &
            """)

    @Option(name: .long, help: "Requests a second.")
    var rate = 50

    @Option(name: .long, help: ArgumentHelp("How long, in seconds, or as 90s, 10m.", valueName: "time"))
    var duration = "60"

    @Flag(name: .long, help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard (1...10_000).contains(rate) else { throw ValidationError("--rate is a number from 1 to 10000.") }
        guard period != nil else {
            throw ValidationError("--duration is a number of seconds, or a time as 90s or 10m.")
        }
    }

    private var period: Period? { Int64(duration).map { Period.seconds($0) } ?? Period(duration) }

    func run() async throws {
        try await exiting {
            let places = try Places.trusted()
            guard let folder = try SandboxFolder.existing(in: places.home), let period else {
                throw Failure("There is no sandbox", at: places.home, advice: "Build one with: rz sandbox up.")
            }
            let load = SandboxLoad(frontends: folder.frontends.map(\.url), rate: rate)
            let work = Task { await load.run(for: period.duration) }
            let signals = Signals { work.cancel() }
            let result = await work.value
            signals.stop()
            Terminal.standardOutput.write(json ? result.json.compact + "\n" : SandboxLoadCommand.text(result))
            return result.failed == 0 ? .done : .error
        }
    }

    private static func text(_ result: LoadResult) -> String {
        let colors = result.byColor.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        let times = "p50 \(result.json["p50_ms"]?.compact ?? "?") ms, p99 \(result.json["p99_ms"]?.compact ?? "?") ms"
        return "\(result.requests) requests, \(result.failed) failed, \(times); \(colors)\n"
            + result.failures.map { "  \($0)\n" }.joined()
    }
}

/// Started by the sandbox's playbook on each color's control server.
struct SandboxScheduler: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scheduler", abstract: "The sandbox's Marathon-compatible scheduler.",
        discussion: """
              rz sandbox scheduler --config servers/blue-control-1/etc/scheduler.json
              rz sandbox scheduler --config scheduler.json --mesos http://127.0.0.1:5050
            """, shouldDisplay: false)

    @Option(name: .long, help: "Its configuration, JSON.")
    var config: String

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Run the tasks as a framework of this Mesos cluster, not here. With commas: all its masters; the first is "
                + "asked, and may redirect to the others.", valueName: "url"))
    var mesos: String?

    func validate() throws {
        guard mesos.map({ $0.hasPrefix("http://") || $0.hasPrefix("https://") }) ?? true else {
            throw ValidationError("--mesos is the URL of a Mesos master, for example http://127.0.0.1:5050.")
        }
    }

    func run() async throws {
        try await exiting {
            do {
                var configuration = try SchedulerConfiguration(contentsOf: config)
                if let mesos { configuration.mesos = MesosSettings(master: mesos) }
                try await Frameworks(configuration).run()
            } catch {
                throw Failure(error, doing: "The scheduler stopped")
            }
            return .done
        }
    }
}
