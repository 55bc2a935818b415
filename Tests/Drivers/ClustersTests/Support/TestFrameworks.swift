import Foundation
import FreePorts
import Glibc
import Migration
import Sandbox
import Transport
import Waiting

/// The sandbox's Metronome and mesos-compose on free ports, with one server and real processes, in a folder of its own.
struct TestFrameworks {
    let metronome: String
    let compose: String
    /// The server on which everything runs.
    let server: String
    let folder: String
    private let running: [Task<Void, any Error>]

    /// - Parameters:
    ///   - vaultDelay: how long Vault takes; see `ComposeSchedulerConfiguration`.
    ///   - runsTasks: without, records stay and nothing of them is launched.
    static func with(
        password: String? = nil, vaultDelay: (@Sendable () -> Duration)? = nil, runsTasks: Bool = true,
        _ body: (TestFrameworks) async throws -> Void
    ) async throws {
        let frameworks = try await TestFrameworks(password, vaultDelay, runsTasks)
        do {
            try await body(frameworks)
        } catch {
            await frameworks.tearDown()
            throw error
        }
        await frameworks.tearDown()
    }

    private init(
        _ password: String?, _ vaultDelay: (@Sendable () -> Duration)?, _ runsTasks: Bool
    ) async throws {
        folder = NSTemporaryDirectory() + "rz-frameworks-\(UUID().uuidString.prefix(8))"
        server = folder + "/servers/blue-agent-1"
        let ports = try FreePorts.claim(3)
        try FileManager.default.createDirectory(atPath: server + "/etc", withIntermediateDirectories: true)
        let color = runsTasks ? "blue" : "green"
        try Data(#"{"color":"\#(color)"}"#.utf8).write(to: URL(fileURLWithPath: server + "/server.json"))
        let agent = """
            {"hostname":"127.0.0.1","attributes":{"rack":"r1"},"environment":{"SERVER":"\(server)"},
             "resources":{"cpus":4,"mem":4096,"disk":10000,"ports":"\(ports[2])-\(ports[2])"}}
            """
        try Data(agent.utf8).write(to: URL(fileURLWithPath: server + "/etc/agent.json"))
        (metronome, compose) = ("http://127.0.0.1:\(ports[0])", "http://127.0.0.1:\(ports[1])")
        let jobs = JobScheduler(
            configuration: JobSchedulerConfiguration(
                address: "127.0.0.1", port: ports[0], color: "blue", stateFile: folder + "/data/jobs.json",
                serversDirectory: folder + "/servers"))
        var settings = ComposeSchedulerConfiguration(
            address: "127.0.0.1", port: ports[1], color: "blue", stateFile: folder + "/data/compose.json",
            serversDirectory: folder + "/servers")
        settings.vaultDelay = vaultDelay
        settings.credentials = password.map { SchedulerCredentials(user: "rz", password: $0) }
        let services = ComposeScheduler(configuration: settings)
        running = [Task { try await jobs.run() }, Task { try await services.run() }]
        for url in [metronome + "/ping", compose + "/api/compose/versions"] {
            try await eventually { (try? await HTTPClient.shared.send(HTTPRequest(.get, url)).status) == 200 }
        }
    }

    /// The lines of a file below the server's folder; none while it does not exist.
    func lines(_ file: String) -> [String] {
        ((try? String(contentsOfFile: "\(server)/\(file)", encoding: .utf8)) ?? "").split(separator: "\n").map(
            String.init)
    }

    /// The Redis of mesos-compose is gone: it reports nothing, and keeps nothing.
    func loseRedis() throws { try Data().write(to: URL(fileURLWithPath: folder + "/data/compose.json.gone")) }

    /// Pids that are written down for the server's tasks.
    var pids: [Int32] {
        ((try? FileManager.default.contentsOfDirectory(atPath: server + "/run")) ?? []).compactMap { name in
            let text = (try? String(contentsOfFile: "\(server)/run/\(name)", encoding: .utf8)) ?? ""
            return Int32(text.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }

    private func tearDown() async {
        for task in running { task.cancel() }
        for task in running { _ = await task.result }
        for pid in pids {
            kill(-pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
        try? FileManager.default.removeItem(atPath: folder)
    }
}
