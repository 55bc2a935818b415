import Foundation
import JSON
import Migration
import Testing
import Transport

@testable import Clusters

@Suite("Reading a Mesos master")
struct MesosMasterTests {
    @Test("one that does not lead leads to the one that does, with method, body and credentials")
    func redirect() async throws {
        try await StubMarathon.with { leader in
            try await StubMarathon.with { follower in
                let location = "//127.0.0.1:\(leader.port)"
                try await follower.answers("GET", "/slaves", 307, headers: ["Location": .string(location + "/slaves")])
                try await follower.answers("POST", "/api", 307, headers: ["Location": .string(location + "/api/v1")])
                try await follower.answers("GET", "/redirect", 307, headers: ["Location": .string(location)])
                try await leader.answers("GET", "/slaves", 200, ["slaves": [], "recovered_slaves": []])
                try await leader.answers(
                    "POST", "/api/v1", 200, ["type": "GET_ROLES", "get_roles": ["roles": [["name": "db"]]]])
                let master = MesosMaster(url: follower.url, credentials: .basic(user: "u", password: "p"))
                #expect(try await master.agents().isEmpty)
                #expect(try await master.ask(.roles)["roles"]?[0]?["name"] == "db")
                #expect(try await master.leader() == "127.0.0.1:\(leader.port)")
                let asked = try await leader.recorded()
                #expect(asked.map(\.method) == ["GET", "POST"])
                #expect(asked.last?.body == #"{"type":"GET_ROLES"}"#)
                #expect(asked.allSatisfy { $0.authorization == "Basic dTpw" })
            }
        }
    }

    @Test(
        "what goes wrong is said in words, and is passing if it passes",
        arguments: [
            (503, "No leader elected", "The Mesos masters have no leader at the moment", Failure.Kind.transient),
            (
                503, "Master has not finished recovery", "The leading Mesos master is still reading its registry",
                .transient
            ),
            (500, "boom", "The Mesos master failed", .transient),
            (401, "", "Mesos requires authentication (HTTP 401)", .permanent),
            (403, "", "Mesos refuses", .permanent),
            (404, "", "This is not a Mesos master", .permanent),
            (400, "Expecting 'type'", "Mesos answered 400", .permanent),
        ])
    func failures(status: Int, text: String, summary: String, kind: Failure.Kind) async throws {
        try await StubMarathon.with { stub in
            for method in ["GET", "POST"] { try await stub.answers(method, "/", status, text: text) }
            let master = MesosMaster(url: stub.url + "/")
            let calls: [@Sendable () async throws -> Void] = [
                { _ = try await master.state() }, { _ = try await master.agents() }, { _ = try await master.leader() },
                { _ = try await master.ask(.agents) },
            ]
            for call in calls {
                let failure = try await #require(throws: Failure.self) { try await call() }
                #expect(failure.summary == summary)
                #expect(failure.kind == kind)
                #expect(failure.place?.hasPrefix(stub.url) == true)
            }
        }
    }

    @Test("one that can't be reached, goes silent, or answers something else fails in words")
    func unreachable() async throws {
        let refused = try await #require(throws: Failure.self) {
            try await MesosMaster(url: "http://127.0.0.1:1", deadline: .seconds(2)).state()
        }
        #expect(refused.kind == .transient)
        #expect(refused.summary.hasPrefix("The Mesos master does not answer"))
        try await StubMarathon.with { stub in
            try await stub.answers("GET", "/state", 200, text: "{\"frameworks\": [}")
            try await stub.answers("GET", "/slaves", 200, ["frameworks": []])
            try await stub.saysNothing("GET", "/version")
            let broken = try await #require(throws: Failure.self) { try await MesosMaster(url: stub.url).state() }
            #expect(broken.summary == "Mesos' answer is not JSON")
            let foreign = try await #require(throws: Failure.self) { try await MesosMaster(url: stub.url).agents() }
            #expect(foreign.summary == "Mesos' answer holds no `slaves`")
            let silent = try await #require(throws: Failure.self) {
                try await MesosMaster(url: stub.url, deadline: .milliseconds(200)).version()
            }
            #expect(silent.kind == .transient)
        }
    }

    @Test("asks for all tasks, or for as many as are wanted")
    func limits() async throws {
        try await StubMarathon.with { stub in
            let tasks: JSON = [
                "tasks": [["id": "a.1", "name": "a", "state": "TASK_RUNNING"], ["id": "a.2", "state": "TASK_FAILED"]]
            ]
            try await stub.answers("GET", "/tasks", 200, tasks)
            let master = MesosMaster(url: stub.url)
            #expect(try await master.tasks().map(\.id) == ["a.1", "a.2"])
            _ = try await master.tasks(limit: 7, order: .oldestFirst)
            #expect(
                try await stub.recorded().map(\.path) == ["/tasks?limit=-1&order=des", "/tasks?limit=7&order=asc"])
        }
    }
}

@Suite("What a Mesos master says")
struct MesosStateTests {
    @Test("used resources are charged to the reservation they are from")
    func pools() throws {
        let agent = try #require(
            MesosAgent(
                try JSON(
                    parsing: """
                        {"id":"S0","hostname":"10.0.0.1","active":true,"deactivated":false,"version":"1.11.0",
                         "attributes":{"rack":"r1","level":7},
                         "reserved_resources":{"db":{"cpus":2.0,"mem":1024.0,"ports":"[31020-31030]"}},
                         "unreserved_resources":{"cpus":2.0,"mem":2048.0,"disk":500.0,"ports":"[31000-31010]"},
                         "used_resources":{"cpus":0.6,"mem":96.0},
                         "used_resources_full":[
                          {"name":"cpus","scalar":{"value":0.1},"role":"*","allocation_info":{"role":"web"}},
                          {"name":"mem","scalar":{"value":64.0},"role":"*"},
                          {"name":"ports","ranges":{"range":[{"begin":31002,"end":31003}]},"role":"*"},
                          {"name":"cpus","scalar":{"value":0.5},"reservations":[{"type":"STATIC","role":"db"}]},
                          {"name":"mem","scalar":{"value":32.0},"role":"db"}]}
                        """)))
        #expect(agent.isActive)
        #expect(agent.attributes == ["rack": "r1", "level": "7"])
        #expect(agent.pools["*"]?.free.cpus == 1.9)
        #expect(agent.pools["*"]?.free.ports.description == "[31000-31001, 31004-31010]")
        #expect(agent.pools["db"]?.free == MesosResources(cpus: 1.5, mem: 992, ports: PortRanges([31020...31030])))
        #expect(agent.total.cpus == 4)
        #expect(agent.used.cpus == 0.6)
    }

    @Test("an old master does not report the reservation: then nothing that may be used counts as free")
    func oldPools() throws {
        let agent = try #require(
            MesosAgent([
                "id": "S0", "reserved_resources": ["db": ["cpus": 2]], "unreserved_resources": ["cpus": 3],
                "used_resources": ["cpus": 1],
            ]))
        #expect(agent.pools["*"]?.free.cpus == 2)
        #expect(agent.pools["db"]?.free.cpus == 1)
    }

    @Test(
        "an agent that is drained, deactivated or gone takes no more tasks",
        arguments: [
            ["id": "S0", "active": false], ["id": "S0", "active": true, "deactivated": true],
            ["id": "S0", "active": true, "drain_info": ["state": "DRAINING"]],
        ] as [JSON])
    func inactive(json: JSON) {
        #expect(MesosAgent(json)?.isActive == false)
    }

    @Test("a task's health is that of its newest status, and unknown without one")
    func health() {
        let states: JSON = [["state": "TASK_STARTING"], ["state": "TASK_RUNNING", "healthy": false]]
        #expect(MesosTask(["id": "t", "statuses": states])?.isHealthy == false)
        #expect(MesosTask(["id": "t", "statuses": [["state": "TASK_RUNNING"]]])?.isHealthy == nil)
    }

    @Test("ports are read as Mesos writes them")
    func ports() {
        #expect(PortRanges(parsing: "[31000-32000, 33000-33000]").count == 1002)
        #expect(PortRanges(parsing: "").isEmpty)
        #expect(PortRanges([5...6, 1...2, 3...3, 6...9]).ranges == [1...3, 5...9])
        #expect(PortRanges([1...9]).subtracting(PortRanges([1...1, 4...5, 9...12])).ranges == [2...3, 6...8])
    }
}

@Suite("Collected answers of Mesos masters", .enabled(if: !MesosFixtures.isAbsent, "no ../shared/fixtures/mesos-state"))
struct MesosFixtureTests {
    @Test("of versions from 0.18 on give agents, frameworks and the tasks that run")
    func states() async throws {
        let expected = ["mesos-cli__tests__data__master_state": (2, 1, 2), "mesos-dns__factories__fake": (4, 4, 20)]
        for (name, counts) in expected {
            let text = try MesosFixtures.text(name)
            try await StubMarathon.with { stub in
                try await stub.answers("GET", "/state", text: text)
                try await stub.answers("GET", "/slaves", text: text)
                let state = try await MesosMaster(url: stub.url).state()
                #expect(state.agents.count == counts.0)
                #expect(state.frameworks.count == counts.1)
                #expect(state.leader?.contains(":5050") == true)
                let json = try JSON(parsing: text)
                let tasks = (json["frameworks"]?.array ?? []).flatMap { $0["tasks"]?.array ?? [] }
                let running = tasks.filter { $0["state"]?.string == "TASK_RUNNING" }.compactMap { $0["id"]?.string }
                #expect(!running.isEmpty)
                #expect(Set(running).isSubset(of: state.tasks.map(\.id)))
                #expect(state.agents.allSatisfy { $0.isActive && $0.total.ports.count > 0 && $0.total.cpus > 0 })
            }
        }
    }

    @Test("summaries give agents with their reservations")
    func summaries() throws {
        let json = try JSON(
            parsing: MesosFixtures.text("dcos-ui__tests___fixtures__1-service-with-executor-task__summary"))
        let agents = (json["slaves"]?.array ?? []).compactMap { MesosAgent($0) }
        #expect(agents.count == 6)
        #expect(agents.contains { $0.pools["cassandra_role"]?.total.disk == 9216 })
    }

    @Test("of the operator API give the same model")
    func operatorAnswers() throws {
        let name = "dcos-ui__src__js__stores__MesosStream__parsers____tests____fixtures__getTasksMessage"
        let answer = try JSON(parsing: MesosFixtures.text(name))["get_tasks"]
        let tasks = (answer?["tasks"]?.array ?? []).compactMap { MesosTask(operatorAnswer: $0) }
        #expect(!tasks.isEmpty)
        #expect(tasks[0].name == "test")
        #expect(tasks[0].resources.mem == 1024)
        #expect(tasks[0].resources.ports.ranges == [31000...32000])
    }
}

enum MesosFixtures {
    static let folder = "../shared/fixtures/mesos-state"
    static var isAbsent: Bool { !FileManager.default.fileExists(atPath: folder) }

    static func text(_ name: String) throws -> String {
        try String(contentsOfFile: "\(folder)/\(name).json", encoding: .utf8)
    }
}
