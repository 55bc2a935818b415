import Foundation
import FreePorts
import JSON
import Testing
import Transport

@testable import Sandbox

/// The sandbox's scheduler as a framework of a real Mesos, on a free port, with its state in a folder of its own.
final class MesosScheduler {
    let url: String
    private let folder: String
    private let configuration: SchedulerConfiguration
    private var running: Task<Void, any Error>?

    /// Runs `body` with a scheduler that has its framework id.
    static func with(
        _ mesos: RealMesos, at address: String = "127.0.0.1", _ body: (MesosScheduler) async throws -> Void
    ) async throws {
        let scheduler = try MesosScheduler(master: mesos.frameworkURL, address: address)
        do {
            try await scheduler.start()
            try await body(scheduler)
        } catch {
            await scheduler.stop()
            scheduler.removeFolder()
            throw error
        }
        await scheduler.stop()
        scheduler.removeFolder()
    }

    init(master: String, address: String = "127.0.0.1", heartbeatTolerance: Double = 3) throws {
        folder = NSTemporaryDirectory() + "rz-scheduler-\(UUID().uuidString.prefix(8))"
        let port = try FreePorts.claim()
        var settings = MesosSettings(master: master)
        settings.heartbeatTolerance = heartbeatTolerance
        settings.reconcileInterval = 2
        settings.unknownTolerance = 20
        configuration = SchedulerConfiguration(
            address: address, port: port, color: "blue", stateFile: folder + "/state.json",
            serversDirectory: folder + "/servers", log: folder + "/scheduler.jsonl", mesos: settings)
        url = "http://\(address):\(port)"
    }

    func start() async throws {
        let scheduler = Scheduler(configuration: configuration)
        running = Task { try await scheduler.run() }
        try await eventually("the scheduler has a framework id") { try await frameworkID() != nil }
    }

    /// Ends the scheduler as a crash would: nothing is told to the master.
    func stop() async {
        running?.cancel()
        _ = await running?.result
        running = nil
    }

    /// Waits for a scheduler that ends by itself, and gives its words.
    func failure() async -> String? {
        guard case .failure(let error)? = await running?.result else { return nil }
        return "\(error)"
    }

    func frameworkID() async throws -> String? { try await get("/v2/info")["frameworkId"]?.string }

    func get(_ path: String) async throws -> JSON {
        try JSON(parsing: try await HTTPClient.shared.send(HTTPRequest(.get, url + path)).body)
    }

    @discardableResult
    func call(_ method: HTTPMethod, _ path: String, _ body: JSON? = nil) async throws -> HTTPResponse {
        let answer = try await HTTPClient.shared.send(
            HTTPRequest(
                method, url + path, headers: [HTTPHeader("Content-Type", "application/json")],
                body: body.map { Array($0.compact.utf8) }))
        #expect(answer.isSuccess, "\(method) \(path): \(answer.text)")
        return answer
    }

    /// Ids of the app's tasks that run and, where it has health checks, are healthy.
    func ready(_ app: String) async throws -> [String] {
        let tasks = try await get("/v2/apps\(app)/tasks")["tasks"]?.array ?? []
        return tasks.filter { task in
            task["state"]?.string == "TASK_RUNNING"
                && (task["healthCheckResults"]?.array ?? []).allSatisfy { $0["alive"] == true }
        }.compactMap { $0["id"]?.string }.sorted()
    }

    @discardableResult
    func waitUntilReady(_ app: String, _ count: Int) async throws -> [String] {
        try await eventually("\(count) of \(app) are ready and nothing is under way") {
            let isQuiet = try await get("/v2/deployments").array?.isEmpty == true
            return try await ready(app).count == count && isQuiet
        }
        return try await ready(app)
    }

    /// The log's events of a kind, as ids of tasks.
    func logged(_ event: String) throws -> [String] {
        try String(contentsOfFile: configuration.log, encoding: .utf8).split(separator: "\n").compactMap { line in
            let json = try JSON(parsing: String(line))
            return json["event"]?.string == event ? json["task"]?.string : nil
        }
    }

    func removeFolder() { try? FileManager.default.removeItem(atPath: folder) }
}
