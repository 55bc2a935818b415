import Commands
import Foundation
import Migration
import Runbooks
import Sandbox

extension SandboxUp: SandboxWork {
    func perform() async throws -> ExitStatus {
        let places = try Places.trusted()
        let folder = try ProjectFolder(root: project.chosenRoot)
        let began = SystemClock().now
        let dataCentre = try await DataCentre.reserve(
            rzHome: places.home, root: folder.root, rz: ownPath, python: try python(), hasAdminPort: adminPort)
        let sandbox = try await Project.load("sandbox", root: folder.root)
        let terminal = Terminal.standardError
        let signals = Signals {
            terminal.write("\nInterrupted. Remove what was built with: rz sandbox down\n")
            _exit(ExitStatus.interrupted.rawValue)
        }
        defer { signals.stop() }
        do throws(Failure) {
            try await dataCentre.build(
                provisioner: sandbox.drivers.provisioner, configurator: sandbox.drivers.configurator,
                services: services
            ) { line in terminal.write("  \(line)\n") }
        } catch {
            var failure = error
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

    /// Absolute, because the sandbox's scheduler is started from another folder.
    private var ownPath: String { Tool.runningExecutable ?? CommandLine.arguments[0] }

    /// The system's own where there is one: wrappers of version managers start slowly.
    private func python() throws(Failure) -> String {
        if FileManager.default.isExecutableFile(atPath: "/usr/bin/python3") { return "/usr/bin/python3" }
        return try Tool.find("python3") ?? "python3"
    }
}
