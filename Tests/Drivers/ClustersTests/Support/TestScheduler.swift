import Foundation
import FreePorts
import Glibc
import Migration
import Sandbox
import Transport
import Waiting

/// The sandbox's scheduler on a free port with one agent and real processes, in a folder of its own.
struct TestScheduler {
    let url: String
    /// Where it keeps its state.
    var stateFile: String { folder + "/data/state.json" }
    private let folder: String
    private let running: Task<Void, any Error>

    static func with(_ body: (TestScheduler) async throws -> Void) async throws {
        let scheduler = try await TestScheduler()
        do {
            try await body(scheduler)
        } catch {
            await scheduler.tearDown()
            throw error
        }
        await scheduler.tearDown()
    }

    private init() async throws {
        folder = NSTemporaryDirectory() + "rz-clusters-\(UUID().uuidString.prefix(8))"
        let ports = try FreePorts.claim(5)
        let server = folder + "/servers/blue-agent-1"
        try FileManager.default.createDirectory(atPath: server + "/etc", withIntermediateDirectories: true)
        let ranges = ports.dropFirst().map { "\($0)-\($0)" }.joined(separator: ",")
        try Data(#"{"color":"blue"}"#.utf8).write(to: URL(fileURLWithPath: server + "/server.json"))
        let agent = """
            {"hostname":"127.0.0.1","attributes":{"rack":"r1"},"environment":{"SERVER":"\(server)"},
             "resources":{"cpus":4,"mem":4096,"disk":10000,"ports":"\(ranges)"}}
            """
        try Data(agent.utf8).write(to: URL(fileURLWithPath: server + "/etc/agent.json"))
        url = "http://127.0.0.1:\(ports[0])"
        let scheduler = Scheduler(
            configuration: SchedulerConfiguration(
                address: "127.0.0.1", port: ports[0], color: "blue", stateFile: folder + "/data/state.json",
                serversDirectory: folder + "/servers", log: folder + "/log/scheduler.jsonl"))
        running = Task { try await scheduler.run() }
        let ping = HTTPRequest(.get, url + "/ping")
        try await eventually { (try? await HTTPClient.shared.send(ping).status) == 200 }
    }

    private func tearDown() async {
        running.cancel()
        _ = await running.result
        let run = folder + "/servers/blue-agent-1/run"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: run)) ?? [] {
            let text = (try? String(contentsOfFile: run + "/" + name, encoding: .utf8)) ?? ""
            if let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)) {
                kill(-pid, SIGKILL)
                waitpid(pid, nil, 0)
            }
        }
        try? FileManager.default.removeItem(atPath: folder)
    }
}
