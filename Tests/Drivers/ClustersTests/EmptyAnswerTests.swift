import JSON
import Migration
import Testing
import Transport

@testable import Clusters

@Suite("An answer without a list")
struct EmptyAnswerTests {
    private static let now = Instant(milliseconds: 1_795_455_000_000)

    @Test("is no empty Marathon", arguments: [#"{"apps":null}"#, "{}", "null", #"{"apps":{}}"#, "[]"])
    func apps(text: String) async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("GET", "/v2/apps", 200, text: text)
            let failure = try await failure { _ = try await marathon(stub).observeServices() }
            #expect(failure.summary == "Marathon's answer holds no list of apps")
            #expect(failure.advice?.contains("`url`") == true)
        }
    }

    @Test("is no Marathon without pods, be it null or a proxy's word that there is no such path")
    func pods() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("GET", "/v2/apps", 200, ["apps": []])
            try await stub.answers("GET", "/v2/pods", 200, text: "null")
            let null = try await failure { _ = try await marathon(stub).observeServices() }
            #expect(null.summary == "Marathon's answer holds no list of pods")
            try await stub.answers("GET", "/v2/pods", 404, ["message": "no such page"])
            try await stub.answers("GET", "/v2/info", 200, ["version": "1.11.24"])
            let absent = try await failure { _ = try await marathon(stub).observeServices() }
            #expect(absent.summary == "Marathon's answer holds no list of pods")
            try await stub.answers("GET", "/v2/info", 200, ["version": "1.3.14"])
            #expect(try await marathon(stub).observeServices().isEmpty)
        }
    }

    @Test("is no app that is gone")
    func health() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("GET", "/v2/apps/web", 200, text: "{}")
            let failure = try await failure { _ = try await marathon(stub).observeHealth(["/web"]) }
            #expect(failure.summary == "Marathon's answer holds no list of fields of /web")
        }
    }

    @Test("is no deployment that is over")
    func deployments() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("GET", "/v2/deployments", 200, text: "null")
            let failure = try await failure { _ = try await marathon(stub).observeHealth(["/web"]) }
            #expect(failure.summary == "Marathon's answer holds no list of deployments")
        }
    }

    @Test("and without permission is no empty Marathon either", arguments: [401, 403])
    func forbidden(status: Int) async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("GET", "/v2/apps", status, ["message": "no"])
            let failure = try await failure { _ = try await marathon(stub).observeServices() }
            #expect(failure.details.contains("no"))
        }
    }

    @Test("of a group that does not exist is reported with the groups that do")
    func group() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers(
                "GET", "/v2/groups", 200, ["id": "/", "groups": [["id": "/shop"], ["id": "/infra"]]])
            try await stub.answers("GET", "/v2/groups/shp", 404, ["message": "Group '/shp' does not exist"])
            let doubts = try await marathon(stub, group: "/shp").observeDoubts()
            #expect(doubts.count == 1)
            #expect(doubts.first?.contains("has no group /shp") == true)
            #expect(doubts.first?.hasSuffix("it has /infra, /shop") == true)
            try await stub.answers("GET", "/v2/groups/shop", 200, ["id": "/shop"])
            #expect(try await marathon(stub, group: "/shop").observeDoubts().isEmpty)
            #expect(try await marathon(stub).observeDoubts().isEmpty)
        }
    }

    @Test("is no empty Metronome", arguments: ["null", "{}", #"{"jobs":[]}"#])
    func metronome(text: String) async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("GET", "/v1/jobs", 200, text: text)
            let services = try await failure { _ = try await metronome(stub).observeServices() }
            #expect(services.summary == "Metronome's answer holds no list of jobs")
            let activity = try await failure { _ = try await metronome(stub).observeActivity(["a", "b"]) }
            #expect(activity.summary == "Metronome's answer holds no list of jobs")
        }
    }

    @Test("is no Metronome whose jobs are gone, where there is no such path, nor a job without fields")
    func absentJobs() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("GET", "/v1/jobs", 404, ["message": "no such page"])
            let list = try await failure { _ = try await metronome(stub).observeActivity(["a", "b"]) }
            #expect(list.summary == "Metronome answered 404")
            #expect(try await metronome(stub).observeActivity(["a"]).isEmpty)
            try await stub.answers("GET", "/v1/jobs/a", 200, text: "{}")
            let job = try await failure { _ = try await metronome(stub).observeActivity(["a"]) }
            #expect(job.summary == "Metronome's answer holds no list of fields of a job")
            try await stub.answers("GET", "/v1/jobs/a/schedules", 200, text: "null")
            let schedules = try await failure { try await metronome(stub).suspend("a") }
            #expect(schedules.summary == "Metronome's answer holds no list of schedules")
        }
    }

    @Test("is no empty Chronos, nor one in which nothing runs")
    func chronos() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("GET", "/v1/scheduler/jobs", 200, text: "null")
            let jobs = try await failure { _ = try await chronos(stub).observeServices() }
            #expect(jobs.summary == "Chronos's answer holds no list of jobs")
            try await stub.answers("GET", "/v1/scheduler/jobs", 200, [])
            try await stub.answers("GET", "/v1/scheduler/graph/csv", 200, text: "<html>Welcome</html>")
            let runs = try await failure { _ = try await chronos(stub).observeActivity(["chronos:a"]) }
            #expect(runs.summary == "Chronos's answer holds no list of runs")
            try await stub.answers("GET", "/v1/scheduler/graph/csv", 200, text: "")
            #expect(try await chronos(stub).observeActivity(["chronos:a"]).isEmpty)
        }
    }

    @Test("is no Mesos without tasks, nor is one that still waits for its agents")
    func mesos() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("GET", "/slaves", 200, ["slaves": []])
            try await stub.answers("GET", "/state", 200, [:])
            let unled = try await failure { _ = try await pool(stub).observeUnclaimed(besides: [], ignoring: []) }
            #expect(unled.summary == "No Mesos master leads, so no one knows what runs")
            let leader: JSON = "master@127.0.0.1:5050"
            try await stub.answers("GET", "/state", 200, ["leader": leader, "frameworks": .null])
            let null = try await failure { _ = try await pool(stub).observeUnclaimed(besides: [], ignoring: []) }
            #expect(null.summary == "Mesos' answer holds no `frameworks`")
            try await stub.answers(
                "GET", "/state", 200, ["leader": leader, "frameworks": [], "recovered_slaves": [["id": "s-1"]]])
            let waiting = try await failure { _ = try await pool(stub).observeUnclaimed(besides: [], ignoring: []) }
            #expect(waiting.summary == "Mesos does not know yet what runs on all agents")
            #expect(waiting.kind == .transient)
            try await stub.answers("GET", "/state", 200, ["leader": leader, "frameworks": []])
            #expect(try await pool(stub).observeUnclaimed(besides: [], ignoring: []).isEmpty)
        }
    }

    private func marathon(_ stub: StubMarathon, group: String = "/") throws -> MarathonCluster {
        try MarathonCluster(
            .init(url: Setting(stub.url), group: group), inventory: Inventory(), resolver: { $0.text })
    }

    private func metronome(_ stub: StubMarathon) throws -> MetronomeCluster {
        try MetronomeCluster(
            .init(url: Setting(stub.url)), inventory: Inventory(), resolver: { $0.text }, now: { Self.now })
    }

    private func chronos(_ stub: StubMarathon) throws -> ChronosCluster {
        try ChronosCluster(
            .init(url: Setting(stub.url)), inventory: Inventory(), resolver: { $0.text }, now: { Self.now })
    }

    private func pool(_ stub: StubMarathon) -> MesosAgentPool {
        MesosAgentPool(
            MesosMaster(url: stub.url), PlatformGate(agentsAtLeast: 1, attributes: [:], version: nil), clusters: [])
    }

    private func failure(_ body: () async throws -> Void) async throws -> Failure {
        try #require(await #expect(throws: Failure.self) { try await body() })
    }
}
