import Foundation
import FreePorts
import Glibc
import JSON
import Testing
import Waiting

@testable import Sandbox

/// A scheduler with two or more agents in a temporary folder, on a free port, with real processes.
final class TestCluster {
    let folder: String
    let configuration: SchedulerConfiguration
    let client: TestClient
    /// Ports that are this cluster's alone; the first is the scheduler's.
    let ports: [Int]
    private var running: Task<Void, any Error>?

    /// Runs `body` in a cluster and takes everything away afterwards, also when it fails.
    static func with(
        agents: Int = 2, cpus: Double = 4, attributes: [[String: String]] = [],
        configure: (inout SchedulerConfiguration) -> Void = { _ in }, _ body: (TestCluster) async throws -> Void
    ) async throws {
        let cluster = try TestCluster(agents: agents, cpus: cpus, attributes: attributes, configure)
        do {
            try await cluster.start()
            try await body(cluster)
        } catch {
            await cluster.tearDown()
            throw error
        }
        await cluster.tearDown()
    }

    private init(
        agents: Int, cpus: Double, attributes: [[String: String]], _ configure: (inout SchedulerConfiguration) -> Void
    ) throws {
        folder = NSTemporaryDirectory() + "rz-scheduler-\(UUID().uuidString.prefix(8))"
        ports = try FreePorts.claim(13)
        for number in 1...agents {
            let server = "\(folder)/servers/blue-agent-\(number)"
            try File.makeDirectory("\(server)/etc")
            try File.replace("\(server)/server.json", with: Array(#"{"color":"blue"}"#.utf8))
            let attributes = attributes.indices.contains(number - 1) ? attributes[number - 1] : ["rack": "r\(number)"]
            let text = attributes.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",")
            let ranges = ports.dropFirst().map { "\($0)-\($0)" }.joined(separator: ",")
            let agent = """
                {"hostname":"127.0.0.\(number)","attributes":{\(text)},
                 "resources":{"cpus":\(cpus),"mem":4096,"disk":10000,"ports":"\(ranges)"},
                 "environment":{"SERVER":"\(server)"}}
                """
            try File.replace("\(server)/etc/agent.json", with: Array(agent.utf8))
        }
        var configuration = SchedulerConfiguration(
            address: "127.0.0.1", port: ports[0], color: "blue", stateFile: "\(folder)/data/state.json",
            serversDirectory: "\(folder)/servers", log: "\(folder)/log/scheduler.jsonl")
        configure(&configuration)
        self.configuration = configuration
        client = TestClient(port: ports[0])
    }

    var url: String { "http://127.0.0.1:\(configuration.port)" }

    func start() async throws {
        let frameworks = Frameworks(configuration)
        running = Task { try await frameworks.run() }
        try await eventually("the scheduler answers", within: .seconds(60)) {
            [200, 401].contains(try await client.send("GET", "/ping").status)
        }
    }

    /// Ends the scheduler as a crash would: nothing is told to it, its tasks stay.
    func stop() async {
        running?.cancel()
        if case .failure(let error)? = await running?.result, !(error is CancellationError) {
            Issue.record("the scheduler had ended by itself: \(error)")
        }
        running = nil
    }

    /// The lines of `scheduler.jsonl`.
    func log() throws -> [JSON] {
        try String(decoding: File.read(configuration.log), as: UTF8.self).split(separator: "\n").map {
            try JSON(parsing: String($0))
        }
    }

    func count(_ event: String, app: String) throws -> Int {
        try log().count { $0["event"]?.string == event && $0["app"]?.string == app }
    }

    /// The pids of the tasks on all agents, as their pid files tell.
    func pids() -> [Int32] {
        File.names(in: configuration.serversDirectory).flatMap { server -> [Int32] in
            let run = "\(configuration.serversDirectory)/\(server)/run"
            return File.names(in: run).compactMap { name in
                guard let text = try? File.read("\(run)/\(name)") else { return nil }
                return Int32(String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
            }
        }
    }

    private func tearDown() async {
        await stop()
        for pid in pids() {
            kill(-pid, SIGKILL)
            var status: Int32 = 0
            waitpid(pid, &status, 0)
        }
        try? FileManager.default.removeItem(atPath: folder)
    }
}

/// Runs what takes seconds of pure work on a thread of its own, so that the tests beside it go on.
func onThread(_ work: @escaping @Sendable () throws -> Void) async throws {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
    }
}

struct ConditionNeverHeld: Error, CustomStringConvertible {
    let description: String
}

/// Waits until a condition holds; one that can't be asked does not hold.
func eventually(
    _ what: String, within limit: Duration = .seconds(20), _ condition: () async throws -> Bool
) async throws {
    try await Waiting.eventually(what, within: limit) { (try? await condition()) == true }
}
