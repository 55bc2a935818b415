import Foundation
import JSON
import Testing

/// A sandbox of the test's own, from a copy of the environment that the test may change.
struct SandboxFixture: Sendable {
    let folder: String
    var home: String { folder + "/home" }
    var root: String { folder + "/root" }
    var environmentFile: String { root + "/environments/sandbox/environment.yaml" }
    var runbookFile: String { root + "/runbooks/rz-update.yaml" }

    /// Builds a sandbox, hands it over, and takes it away whatever happens.
    static func with(_ test: (SandboxFixture) async throws -> Void) async throws {
        // Short on purpose: the path of a UNIX socket has at most 107 bytes.
        let fixture = SandboxFixture(folder: "/tmp/rz-e2e-\(UInt32.random(in: 0...UInt32.max))")
        await Slots.sandboxes.take()
        let outcome = await result {
            try fixture.copyEnvironment()
            try await fixture.succeed("sandbox", "up", "--root", fixture.root)
            try await test(fixture)
        }
        let removal = await result { try await fixture.remove() }
        await Slots.sandboxes.give()
        try outcome.get()
        try removal.get()
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

    private func remove() async throws {
        _ = try await run("sandbox", "down")
        try FileManager.default.removeItem(atPath: folder)
    }

    // MARK: - rz

    func start(_ arguments: [String], variables: [String: String] = [:]) throws -> Program {
        let venv = Program.checkout.appending(path: ".venv/bin").path
        let path = "\(venv):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
        let fixed = ["RZ_HOME": home, "RZ_ROOT": root, "PATH": path, "NO_COLOR": "1"]
        return try Program(arguments, variables: fixed.merging(variables) { $1 }, folder: folder)
    }

    @discardableResult
    func run(_ arguments: String..., variables: [String: String] = [:]) async throws -> Program.Ended {
        try await start(arguments, variables: variables).end()
    }

    @discardableResult
    func succeed(_ arguments: String...) async throws -> Program.Ended {
        let ended = try await start(arguments).end()
        try #require(
            ended.status == 0, "rz \(arguments.joined(separator: " ")) exited with \(ended.status): \(ended.all)")
        return ended
    }

    // MARK: - What stands

    func status() async throws -> JSON { try JSON(parsing: try await succeed("sandbox", "status", "--json").output) }
    func live(_ variables: [String: String] = [:]) async throws -> String {
        let ended = try await run("sandbox", "status", "--json", variables: variables)
        return try JSON(parsing: ended.output)["live"]?.string ?? "none"
    }

    /// First of the sandbox's hundred ports.
    var basePort: Int {
        get throws {
            let description = try String(contentsOfFile: home + "/sandbox/sandbox.json", encoding: .utf8)
            return try #require(try JSON(parsing: description)["basePort"]?.int)
        }
    }

    /// Names of the servers that stand.
    var servers: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: home + "/sandbox/servers") }
    }

    func edit(_ file: String, replacing old: String, with new: String) throws {
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try #require(text.contains(old), "\(file) has no \(old)")
        try text.replacingOccurrences(of: old, with: new).write(toFile: file, atomically: true, encoding: .utf8)
    }

    /// How often each app was launched on a color, by its scheduler's own log.
    func launches(on color: String) throws -> [String: Int] {
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
    func setSickness(_ content: String?, of app: String, on color: String) throws {
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
    func weights(on edge: String) async throws -> [String: Int] {
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
    func master(of edge: String) throws -> Int32 {
        let text = try String(contentsOfFile: "\(home)/sandbox/haproxy/\(edge).pid", encoding: .utf8)
        return try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    }
}

/// Users of a sandbox for the length of a test.
struct Users {
    let program: Program

    init(_ sandbox: SandboxFixture, rate: Int = 60) throws {
        program = try sandbox.start(["sandbox", "load", "--rate", String(rate), "--duration", "600", "--json"])
    }

    /// Stops asking; no request may have failed.
    func expectNoFailure() async throws {
        program.signal(SIGTERM)
        let report = try JSON(parsing: try await program.end().output)
        #expect(report["failed"]?.int == 0, "\(report.compact)")
        #expect(report["requests"]?.int ?? 0 > 0)
    }
}
