import Foundation
import JSON
import Transport

/// A sandbox of the test's own, from a copy of the environment that the test may change.
package struct SandboxFixture: Sendable {
    package let folder: String
    package var home: String { folder + "/home" }
    package var root: String { folder + "/root" }
    package var environmentFile: String { root + "/environments/sandbox/environment.yaml" }
    package var runbookFile: String { root + "/runbooks/rz-update.yaml" }

    /// Builds a sandbox, hands it over, and takes it away whatever happens.
    ///
    /// - Parameter build: in place of a plain `build()`.
    package static func with(
        _ build: (SandboxFixture) async throws -> Void = { try await $0.build() },
        _ test: (SandboxFixture) async throws -> Void
    ) async throws {
        let fixture = try SandboxFixture()
        await Slots.sandboxes.take()
        let outcome = await result {
            try await build(fixture)
            try await test(fixture)
        }
        let removal = await result { try await fixture.remove() }
        await Slots.sandboxes.give()
        try outcome.get()
        try removal.get()
    }

    private let keeper: Keeper
    private let rz: URL

    /// Nothing is built yet.
    ///
    /// - Parameter rz: the program that the test runs.
    package init(rz: URL = Program.rz) throws {
        self.rz = rz
        // Short on purpose: the path of a UNIX socket has at most 107 bytes.
        folder = "/tmp/rz-e2e-\(UInt32.random(in: 0...UInt32.max))"
        // What is copied is a usual checkout, whatever the umask of who runs the tests; the folder around it is private.
        umask(0o022)
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        keeper = try Keeper(folder: folder, rz: rz)
    }

    /// Copies the environment and builds the sandbox.
    ///
    /// - Parameters:
    ///   - options: of `rz sandbox up`.
    ///   - variables: beside those of the test.
    ///   - change: edits the copy first.
    package func build(
        options: [String] = [], variables: [String: String] = [:],
        _ change: (SandboxFixture) throws -> Void = { _ in }
    ) async throws {
        try copyEnvironment()
        try change(self)
        let ended = try await start(["sandbox", "up", "--root", root] + options, variables: variables).end()
        try require(ended.status == 0, "rz sandbox up exited with \(ended.status): \(ended.all)")
    }

    private static func result(of work: () async throws -> Void) async -> Result<Void, any Error> {
        do { return .success(try await work()) } catch { return .failure(error) }
    }

    private func copyEnvironment() throws {
        let files = FileManager.default
        try files.createDirectory(atPath: root, withIntermediateDirectories: true)
        for name in ["environments", "runbooks"] {
            try files.copyItem(atPath: Program.checkout.appending(path: name).path, toPath: "\(root)/\(name)")
        }
        // A second socket on each load balancer, for those who may only look.
        try edit(
            root + "/environments/sandbox/haproxy/edge.cfg.template", replacing: "    stats timeout",
            with: "    stats socket @SANDBOX@/haproxy/user-@EDGE@.sock mode 600 level user\n    stats timeout")
    }

    /// Takes everything away.
    package func remove() async throws {
        _ = try await run("sandbox", "down")
        try FileManager.default.removeItem(atPath: folder)
        keeper.end()
    }

    // MARK: - rz

    package func start(
        _ arguments: [String], variables: [String: String] = [:], standardOutput: Int32? = nil
    ) throws -> Program {
        let venv = Program.checkout.appending(path: ".venv/bin").path
        let path = "\(venv):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
        let fixed = ["RZ_HOME": home, "RZ_ROOT": root, "PATH": path, "NO_COLOR": "1"]
        return try Program(
            arguments, variables: fixed.merging(variables) { $1 }, folder: folder,
            executable: rz.path, standardOutput: standardOutput)
    }

    @discardableResult
    package func run(_ arguments: String..., variables: [String: String] = [:]) async throws -> Program.Ended {
        try await start(arguments, variables: variables).end()
    }

    @discardableResult
    package func succeed(_ arguments: String...) async throws -> Program.Ended {
        let ended = try await start(arguments).end()
        try require(
            ended.status == 0, "rz \(arguments.joined(separator: " ")) exited with \(ended.status): \(ended.all)")
        return ended
    }

    // MARK: - What stands

    package func status() async throws -> JSON {
        try JSON(parsing: try await succeed("sandbox", "status", "--json").output)
    }
    package func live(_ variables: [String: String] = [:]) async throws -> String {
        let ended = try await run("sandbox", "status", "--json", variables: variables)
        return try JSON(parsing: ended.output)["live"]?.string ?? "none"
    }

    /// First of the sandbox's hundred ports.
    package var basePort: Int {
        get throws {
            let description = try description
            return try require(description["basePort"]?.int, "\(description) names no port")
        }
    }

    /// What the sandbox keeps of itself.
    package var description: JSON {
        get throws { try JSON(parsing: String(contentsOfFile: home + "/sandbox/sandbox.json", encoding: .utf8)) }
    }

    /// What the sandbox's schedulers demand.
    package var credentials: Credentials {
        get throws {
            .basic(user: "rz", password: try String(contentsOfFile: home + "/sandbox/password", encoding: .utf8))
        }
    }

    /// Names of the servers that stand.
    package var servers: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: home + "/sandbox/servers") }
    }

    package func edit(_ file: String, replacing old: String, with new: String) throws {
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try require(text.contains(old), "\(file) has no \(old)")
        try text.replacingOccurrences(of: old, with: new).write(toFile: file, atomically: true, encoding: .utf8)
    }

    /// How often each app was launched on a color, by its scheduler's own log.
    package func launches(on color: String) throws -> [String: Int] {
        let log = "\(home)/sandbox/servers/\(color)-control-1/log/scheduler.jsonl"
        var tasks: [String: Set<String>] = [:]
        for line in try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n") {
            let event = try JSON(parsing: String(line))
            guard event["event"]?.string == "launched" else { continue }
            tasks[event["app"]?.string ?? "", default: []].insert(event["task"]?.string ?? "")
        }
        return tasks.mapValues(\.count)
    }

    /// Makes an app of a color sick, or well again.
    package func setSickness(_ content: String?, of app: String, on color: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: home + "/sandbox/servers")
        where name.hasPrefix(color) {
            let file = "\(home)/sandbox/servers/\(name)/etc/sick\(app.replacingOccurrences(of: "/", with: "-"))"
            if let content {
                try content.write(toFile: file, atomically: true, encoding: .utf8)
            } else {
                try? FileManager.default.removeItem(atPath: file)
            }
        }
    }

    /// `server weight` by `backend/server`, as a load balancer itself says.
    package func weights(on edge: String) async throws -> [String: Int] {
        let balancers = try await status()["loadBalancers"]?.array ?? []
        let address = balancers.first { $0["name"]?.string == edge }?["socket"]?.string ?? ""
        let table = try await askHAProxy(address, "show servers state")
        var weights: [String: Int] = [:]
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ").map(String.init)
            if fields.count > 7, let weight = Int(fields[7]) { weights["\(fields[1])/\(fields[3])"] = weight }
        }
        return weights
    }

    /// Pid of a load balancer's master process.
    package func master(of edge: String) throws -> Int32 {
        let text = try String(contentsOfFile: "\(home)/sandbox/haproxy/\(edge).pid", encoding: .utf8)
        return try require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)), "\(edge) has no pid")
    }
}
