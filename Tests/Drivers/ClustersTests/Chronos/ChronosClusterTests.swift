import JSON
import Migration
import Testing

@testable import Clusters

@Suite("The driver of Chronos")
struct ChronosClusterTests {
    private let now = Instant("2026-11-23T10:00:30.000Z") ?? Instant(milliseconds: 0)
    private let job: JSON = [
        "name": "nightly report", "command": "report", "schedule": "R5/2026-11-23T10:00:00.000Z/PT1H",
        "epsilon": "PT60S", "disabled": false, "successCount": 3, "errorCount": 0, "lastSuccess": "x",
        "x-unknown": 1.10,
    ]

    private func cluster(_ stub: StubMarathon) throws -> ChronosCluster {
        try ChronosCluster(
            ServiceSource.Access(url: Setting(stub.url)), inventory: Inventory(), resolver: { $0.text }
        ) { now }
    }

    @Test("reads jobs without what Chronos counts, and keeps every other field")
    func reads() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("GET", "/v1/scheduler/jobs", 200, [job])
            let found = try await cluster(stub).observeServices()
            #expect(found.map(\.id) == ["chronos:nightly report"])
            #expect(found[0].mode == .scheduled)
            #expect(found[0].definition.text.contains("x-unknown"))
            #expect(!found[0].definition.text.contains("successCount"))
        }
    }

    @Test("creates a job disabled, with the call for its kind")
    func launches() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("POST", "/v1/scheduler/", 204, text: "")
            let cluster = try cluster(stub)
            for json in [job, ["name": "child", "command": "c", "parents": ["nightly report"]]] {
                let parsed = try ChronosJob(json)
                try await cluster.launch(
                    Service(id: parsed.id, definition: ServiceDefinition(parsed.json), instances: 0, fingerprint: ""),
                    suspended: true)
            }
            let calls = try await stub.recorded()
            #expect(calls.map(\.path) == ["/v1/scheduler/iso8601", "/v1/scheduler/dependency"])
            #expect(calls.allSatisfy { $0.body.contains(#""disabled":true"#) })
        }
    }

    @Test("is enabled without the times that have passed, so that none fires a second time within epsilon")
    func forwards() throws {
        let enabled = try #require(try ChronosJob(job).enabled(at: now))
        #expect(enabled["schedule"] == "R4/2026-11-23T11:00:00.000Z/PT1H")
        #expect(enabled["disabled"] == false)
        let last = try ChronosJob(["name": "a", "schedule": "R1/2026-11-23T10:00:00Z/PT1H"])
        #expect(last.enabled(at: now) == nil)
    }

    @Test("is the same job however far its schedule has got, enabled or not, and another with another period")
    func parity() throws {
        func fingerprint(_ schedule: String, disabled: JSON = false) throws -> String {
            try ChronosJob(["name": "a", "command": "c", "schedule": .string(schedule), "disabled": disabled])
                .fingerprint
        }
        let first = try fingerprint("R5/2026-11-23T10:00:00Z/PT1H")
        #expect(try fingerprint("R3/2026-11-23T12:00:00Z/PT1H", disabled: true) == first)
        #expect(try fingerprint("R4/2026-11-23T12:00:00Z/PT1H") != first)
        let endless = try fingerprint("R/2026-11-23T10:00:00Z/PT1H")
        #expect(try fingerprint("R/2026-11-24T17:00:00Z/PT1H") == endless)
        #expect(try fingerprint("R/2026-11-24T17:30:00Z/PT1H") != endless)
        #expect(try fingerprint("R/2026-11-24T17:00:00Z/PT2H") != endless)
    }

    @Test("reports what runs by the graph, and when a job fires next, be it enabled or not")
    func activity() async throws {
        // Without an end: the clock of the answer is the real one.
        let endless: JSON = [
            "name": "nightly report", "command": "report", "schedule": "R/2026-11-23T10:00:00.000Z/PT1H",
        ]
        let jobs = JSON.array([endless])
        try await StubMarathon.with { stub in
            try await stub.answers("GET", "/v1/scheduler/jobs", 200, jobs)
            try await stub.answers(
                "GET", "/v1/scheduler/graph/csv", 200, text: "node,nightly report,success,2 running\nlink,a,b\n")
            let found = try await cluster(stub).observeActivity(["chronos:nightly report"])
            let activity = try #require(found["chronos:nightly report"])
            #expect(activity.isEnabled)
            #expect(activity.running == 2)
            #expect(activity.nextFire != nil)
        }
    }

    @Test(
        "counts every run that the graph reports, one that waits for its start too",
        arguments: [
            ("queued", 1), ("running", 1), ("2 running", 2), ("12 running", 12), ("idle", 0), ("failed", 0), ("", 0),
        ])
    func runs(state: String, count: Int) async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("GET", "/v1/scheduler/jobs", 200, [["name": "a, b", "schedule": "R//PT1H"]])
            try await stub.answers("GET", "/v1/scheduler/graph/csv", 200, text: "node,a, b,success,\(state)\n")
            #expect(try await cluster(stub).observeActivity(["chronos:a, b"])["chronos:a, b"]?.running == count)
        }
    }

    @Test(
        "removes no job while a run of it is under way, or waits for its start: Chronos would kill it",
        arguments: ["running", "queued"])
    func stop(state: String) async throws {
        try await StubMarathon.with { stub in
            try await stub.answers(
                "GET", "/v1/scheduler/jobs", 200, [["name": "a", "schedule": "R//PT1H", "disabled": true]])
            try await stub.answers("GET", "/v1/scheduler/graph/csv", 200, text: "node,a,success,\(state)\n")
            let failure = await #expect(throws: Failure.self) { try await cluster(stub).stop("chronos:a") }
            #expect(failure?.kind == .transient)
            #expect(try await !stub.recorded().contains { $0.method == "DELETE" })
        }
    }
}
