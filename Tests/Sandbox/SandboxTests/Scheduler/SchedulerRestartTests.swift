import Glibc
import JSON
import Testing

@testable import Sandbox

@Suite("A scheduler that starts again")
struct SchedulerRestartTests {
    @Test("finds its tasks running and launches none of them twice")
    func adoption() async throws {
        try await TestCluster.with { cluster in
            let body = """
                {"id":"/web","cmd":"exec python3 -m http.server $PORT --bind $HOST","instances":2,
                 "healthChecks":[{"path":"/","intervalSeconds":1}]}
                """
            _ = try await cluster.client.send("POST", "/v2/apps", body)
            try await cluster.waitUntilDeployed("/web", instances: 2)
            let before = cluster.pids()
            let framework = try await cluster.client.send("GET", "/v2/info").json?["frameworkId"]
            await cluster.stop()
            #expect(before.allSatisfy { ProcessTable.identity(of: $0) != nil })
            try await cluster.start()
            try await eventually("both are healthy again") {
                try await cluster.client.send("GET", "/v2/apps/web").json?["app"]?["tasksHealthy"]?.int == 2
            }
            #expect(cluster.pids() == before)
            #expect(try cluster.count("launched", app: "/web") == 2)
            #expect(try cluster.count("adopted", app: "/web") == 2)
            #expect(try await cluster.client.send("GET", "/v2/info").json?["frameworkId"] == framework)
        }
    }

    @Test("replaces what died while it was away, and finishes what it had begun")
    func catchingUp() async throws {
        try await TestCluster.with { cluster in
            _ = try await cluster.client.send("POST", "/v2/apps", #"{"id":"/web","cmd":"exec sleep 300"}"#)
            try await cluster.waitUntilDeployed("/web", instances: 1)
            _ = try await cluster.client.send("POST", "/v2/apps", #"{"id":"/big","cmd":"exec sleep 300","cpus":100}"#)
            let victim = try #require(cluster.pids().first)
            await cluster.stop()
            kill(victim, SIGKILL)
            try await eventually("the process is dead") { ProcessTable.identity(of: victim) == nil }
            try await cluster.start()
            try await cluster.waitUntilDeployed("/web", instances: 1)
            #expect(cluster.pids() != [victim])
            #expect(try await cluster.deployments() == 1)
            _ = try await cluster.client.send("PUT", "/v2/apps/big?force=true", #"{"cpus":0.1}"#)
            try await cluster.waitUntilDeployed("/big", instances: 1)
        }
    }

    @Test("finds the process of a launch whose pid was never written down")
    func unrecordedLaunch() async throws {
        try await TestCluster.with { cluster in
            _ = try await cluster.client.send("POST", "/v2/apps", #"{"id":"/web","cmd":"exec sleep 300"}"#)
            try await cluster.waitUntilDeployed("/web", instances: 1)
            let before = cluster.pids()
            await cluster.stop()
            // The state as it was between the decision to launch and the answer of the operating system.
            let text = String(decoding: try File.read(cluster.configuration.stateFile), as: UTF8.self)
            let earlier = text.replacing(/"pid":\d+,?/, with: "").replacing(/,?"startTicks":"\d+"/, with: "")
                .replacing("\"phase\":\"running\"", with: "\"phase\":\"staging\"")
            try File.replace(cluster.configuration.stateFile, with: Array(earlier.replacing(",}", with: "}").utf8))
            try await cluster.start()
            try await cluster.waitUntilDeployed("/web", instances: 1)
            #expect(cluster.pids() == before)
            #expect(try cluster.count("launched", app: "/web") == 1)
        }
    }

    @Test("says which file is damaged instead of starting from nothing")
    func damage() async throws {
        try await TestCluster.with { cluster in
            await cluster.stop()
            try File.replace(cluster.configuration.stateFile, with: Array("{".utf8))
            let error = await #expect(throws: SchedulerError.self) {
                try await Scheduler(configuration: cluster.configuration).run()
            }
            #expect(error?.description.contains(cluster.configuration.stateFile) == true)
        }
    }

    @Test("carries out a launch that was decided and never begun")
    func unbegunLaunch() throws {
        var state = SchedulerState(frameworkID: "f", seed: 1, at: .now)
        let ports = [1...9]
        state.agents = [
            Agent(
                server: "a", directory: "/", hostname: "a", attributes: [:], resources: Resources(cpus: 2, mem: 999),
                ports: ports, environment: [:])
        ]
        #expect(try respond("POST", ["v2", "apps"], #"{"id":"/web","cmd":"x"}"#, &state).status == 201)
        let decided = launches(state.settle(.now))
        #expect(decided.count == 1)
        var writer = StateWriter()
        var restarted = try StateDocument.state(from: JSON(parsing: writer.text(of: state)), seed: 2)
        #expect(launches(restarted.handle(.unlaunched(task: decided[0]), at: .now)) == decided)
        #expect(restarted.tasks.count == 1)
    }

    @Test("says so when its address is taken or its configuration is wrong")
    func badStart() async throws {
        try await TestCluster.with { cluster in
            let second = await #expect(throws: SchedulerError.self) {
                try await Scheduler(configuration: cluster.configuration).run()
            }
            #expect(second?.description.contains("Another scheduler already works on") == true)
            let other = SchedulerConfiguration(
                address: "127.0.0.1", port: cluster.configuration.port, color: "blue",
                stateFile: "\(cluster.folder)/other/state.json", serversDirectory: "\(cluster.folder)/none",
                log: "\(cluster.folder)/other/log")
            let error = await #expect(throws: SchedulerError.self) {
                try await Scheduler(configuration: other).run()
            }
            #expect(error?.description.contains("127.0.0.1:\(cluster.configuration.port)") == true)
            let file = "\(cluster.folder)/scheduler.json"
            try File.replace(file, with: Array(#"{"adress":"127.0.0.1"}"#.utf8))
            let wrong = #expect(throws: SchedulerError.self) { try SchedulerConfiguration(contentsOf: file) }
            #expect(wrong?.description.contains("unknown key \"adress\"") == true)
        }
    }

    private func launches(_ commands: [Command]) -> [String] {
        commands.compactMap { if case .launch(let task, _) = $0 { task.id } else { nil } }
    }

    @Test("keeps a thousand apps, each as it was")
    func manyApps() async throws {
        try await onThread { try Self.manyAppsBlocking() }
    }

    private static func manyAppsBlocking() throws {
        var state = SchedulerState(frameworkID: "f", seed: 1, at: .now)
        let apps = (0..<1000).map { "{\"id\":\"/many/app-\($0)\",\"cmd\":\"x\",\"cpus\":0.01}" }
        let reply = try respond("PUT", ["v2", "apps"], "[\(apps.joined(separator: ","))]", &state)
        #expect(reply.status == 200)
        _ = state.settle(.now)
        #expect(state.queue.count == 1000)
        var writer = StateWriter()
        let text = writer.text(of: state)
        let copy = try StateDocument.state(from: JSON(parsing: text), seed: 2)
        #expect(copy.apps.count == 1000)
        #expect(copy.apps[PathID("/many/app-7")]?.definition.text == state.apps[PathID("/many/app-7")]?.definition.text)
        let ports = Set(copy.apps.values.flatMap { $0.definition.ports.map(\.servicePort) })
        #expect(ports.count == 1000)
    }
}
