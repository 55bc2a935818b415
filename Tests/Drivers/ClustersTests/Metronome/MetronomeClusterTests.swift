import Foundation
import JSON
import Migration
import Testing
import Transport
import Waiting

@testable import Clusters

@Suite("The driver of Metronome, against the sandbox's")
struct MetronomeClusterTests {
    private let job: JSON = [
        "id": "shop.report", "labels": ["team": "shop"], "x-unknown": ["kept": 1.10],
        "run": ["cmd": "echo ran >> \"$SERVER/runs\"", "cpus": 0.1, "mem": 32, "disk": 0],
        "schedules": [["id": "nightly", "cron": "20 0 * * *", "timezone": "Europe/Berlin", "enabled": true]],
    ]

    private func cluster(_ frameworks: TestFrameworks) throws -> MetronomeCluster {
        try MetronomeCluster(
            ServiceSource.Access(url: Setting(frameworks.metronome)), inventory: Inventory(), resolver: { $0.text }
        ) { Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
    }

    private func service(_ json: JSON) throws -> Service {
        let job = try MetronomeJob(json)
        return Service(
            id: job.id, definition: ServiceDefinition(job.json), instances: 0, mode: .scheduled,
            fingerprint: job.fingerprint)
    }

    @Test("copies a job suspended, and reads back the same job with every field")
    func copy() async throws {
        try await TestFrameworks.with { frameworks in
            let cluster = try cluster(frameworks)
            let wanted = try service(job)
            try await cluster.launch(wanted, suspended: true)
            let found = try #require(try await cluster.observeServices().first)
            #expect(found.id == "shop.report")
            #expect(found.mode == .scheduled)
            #expect(found.fingerprint == wanted.fingerprint)
            #expect(try cluster.differences(wanted, found).isEmpty)
            #expect(found.definition.text.contains(#""x-unknown":{"kept":1.1"#))
            #expect(!found.definition.text.contains("nextRunAt"))
            let activity = try #require(try await cluster.observeActivity([found.id])[found.id])
            #expect(!activity.isEnabled)
            #expect(activity.nextFire != nil, "told, be it enabled or not")
        }
    }

    @Test("launching twice, or with another definition and another schedule, ends with what was asked for last")
    func twice() async throws {
        try await TestFrameworks.with { frameworks in
            let cluster = try cluster(frameworks)
            try await cluster.launch(try service(job), suspended: false)
            #expect(try await cluster.observeActivity(["shop.report"])["shop.report"]?.isEnabled == true)
            var other = try #require(job.object)
            other["schedules"] = [["id": "hourly", "cron": "5 * * * *"]]
            other["description"] = "another"
            let wanted = try service(.object(other))
            for _ in 0..<2 { try await cluster.launch(wanted, suspended: true) }
            let found = try await cluster.observeServices()
            #expect(found.map(\.fingerprint) == [wanted.fingerprint])
            #expect(try await cluster.observeActivity(["shop.report"])["shop.report"]?.isEnabled == false)
        }
    }

    @Test("arms, disarms and runs once")
    func protocolSteps() async throws {
        try await TestFrameworks.with { frameworks in
            let cluster = try cluster(frameworks)
            let id: ServiceID = "shop.report"
            try await cluster.launch(try service(job), suspended: true)
            try await cluster.activate(id, instances: 0)
            #expect(try await cluster.observeActivity([id])[id]?.isEnabled == true)
            try await cluster.suspend(id)
            #expect(try await cluster.observeActivity([id])[id]?.isEnabled == false)
            try await cluster.runOnce(id)
            try await eventually { frameworks.lines("runs") == ["ran"] }
            try await eventually { try await cluster.observeActivity([id])[id]?.running == 0 }
        }
    }

    @Test("a job without a schedule is not enabled, and stays so")
    func noSchedule() async throws {
        try await TestFrameworks.with { frameworks in
            let cluster = try cluster(frameworks)
            var bare = try #require(job.object)
            bare["schedules"] = nil
            let wanted = try service(.object(bare))
            try await cluster.launch(wanted, suspended: true)
            #expect(try await cluster.observeServices().map(\.fingerprint) == [wanted.fingerprint])
            let activity = try #require(try await cluster.observeActivity([wanted.id])[wanted.id])
            #expect(!activity.isEnabled && activity.nextFire == nil)
        }
    }

    @Test("removes no job while a run of it is under way, and kills none")
    func stop() async throws {
        try await TestFrameworks.with { frameworks in
            let cluster = try cluster(frameworks)
            var long = try #require(job.object)
            long["run"] = ["cmd": "while ! test -e \"$SERVER/go\"; do sleep 0.05; done", "cpus": 0.1, "mem": 32]
            try await cluster.launch(try service(.object(long)), suspended: true)
            try await cluster.runOnce("shop.report")
            try await eventually { try await cluster.observeActivity(["shop.report"])["shop.report"]?.running == 1 }
            let failure = await #expect(throws: Failure.self) { try await cluster.stop("shop.report") }
            #expect(failure?.kind == .transient)
            #expect(failure?.summary.contains("a run of it is under way") == true)
            _ = FileManager.default.createFile(atPath: frameworks.server + "/go", contents: nil)
            try await eventually { try await cluster.observeActivity(["shop.report"])["shop.report"]?.running == 0 }
            try await cluster.stop("shop.report")
            try await cluster.stop("shop.report")
            #expect(try await cluster.observeServices().isEmpty)
        }
    }

    @Test("keeps a job scheduled unless an override leaves it, and refuses that it moves in another mode")
    func modes() async throws {
        try await TestFrameworks.with { frameworks in
            let cluster = try cluster(frameworks)
            let service = try service(job)
            func rewritten(_ overrides: [Override]) throws -> Service {
                try cluster.rewrite(service, overrides: overrides, inventory: nil)
            }
            let changed = try rewritten([Override(match: .id("shop.*"), set: ["run.env.HOST": "10.0.0.1"])])
            #expect(changed.mode == .scheduled)
            #expect(changed.changes.map(\.path) == ["run.env.HOST"])
            #expect(try rewritten([Override(match: .id("shop.report"), mode: .skip)]).mode == .skip)
            let failure = #expect(throws: Failure.self) { try rewritten([Override(match: .id("*"), mode: .parallel)]) }
            #expect(
                failure?.summary
                    == "shop.report is a job, and a job can't move in the mode parallel: it would fire in both colors")
        }
    }

    @Test("says that its platform is there")
    func platform() async throws {
        try await TestFrameworks.with { frameworks in
            let platform = try await cluster(frameworks).observePlatform()
            #expect(platform.isReady)
            #expect(platform.description.hasPrefix("Metronome 0.6"))
        }
    }
}
