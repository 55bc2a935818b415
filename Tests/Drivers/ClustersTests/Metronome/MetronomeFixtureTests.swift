import Foundation
import JSON
import Migration
import Testing
import Transport

@testable import Clusters

/// Real definitions of jobs, collected from public repositories: none is dropped in silence.
@Suite("Jobs that others wrote", .enabled(if: CollectedFiles.metronome != nil, "../shared/fixtures is not there"))
struct MetronomeFixtureTests {
    private static let jobs = [
        "dcos-core-cli__metronome__jobs__gyarados", "dcos-core-cli__metronome__jobs__job-env",
        "dcos-core-cli__metronome__jobs__missing-desc", "dcos-core-cli__metronome__jobs__pikachu",
        "dcos-core-cli__metronome__jobs__snorlax", "dcos-core-cli__metronome__jobs__update-pikachu",
        "examples__test-suite__1.8__test-nginx", "metronome__v0__examples__job",
        "metronome__v1__examples__job_docker_param", "metronome__v1__examples__job_file_based_secrets",
        "metronome__v1__examples__job_secrets",
    ]
    /// Each with the path that the refusal names.
    private static let refused = [("dcos-ui__tests___fixtures__metronome__job-bar", "/run/artifacts(0)/uri")]
    /// Jobs of Chronos, and documents that are no jobs.
    private static let others = [
        "mantl__examples__spark-pi__spark-pi", "metronome__v0__schema__jobspec_v0.schema",
        "metronome__v1__examples__queue_job_list", "metronome__v1__examples__run",
        "metronome__v1__examples__run_list", "metronome__v1__examples__schedule",
    ]

    private func json(_ name: String) throws -> JSON {
        let folder = try #require(CollectedFiles.metronome)
        return try JSON(parsing: try String(contentsOfFile: "\(folder)/\(name).json", encoding: .utf8))
    }

    @Test("are all in this table")
    func complete() throws {
        let folder = try #require(CollectedFiles.metronome)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).map { $0.replacing(".json", with: "") }
        #expect(Set(names) == Set(Self.jobs + Self.refused.map(\.0) + Self.others))
    }

    @Test("are copied suspended with parity, and canonical already when read back", arguments: jobs)
    func copied(name: String) async throws {
        let wanted = try MetronomeJob(try json(name))
        try await TestFrameworks.with { frameworks in
            let cluster = try MetronomeCluster(
                ServiceSource.Access(url: Setting(frameworks.metronome)), inventory: Inventory(),
                resolver: { $0.text }
            ) { Instant(milliseconds: 0) }
            let service = Service(
                id: wanted.id, definition: ServiceDefinition(wanted.json), instances: 0, mode: .scheduled,
                fingerprint: wanted.fingerprint)
            try await cluster.launch(service, suspended: true)
            let found = try #require(try await cluster.observeServices().first)
            #expect(try cluster.differences(service, found) == [])
            #expect(found.fingerprint == wanted.fingerprint)
            #expect(try await cluster.observeActivity([found.id])[found.id]?.isEnabled == false)
        }
    }

    @Test("are refused with the path where Metronome would not take them", arguments: refused)
    func refusal(name: String, path: String) async throws {
        let wanted = try MetronomeJob(try json(name))
        try await TestFrameworks.with { frameworks in
            let cluster = try MetronomeCluster(
                ServiceSource.Access(url: Setting(frameworks.metronome)), inventory: Inventory(),
                resolver: { $0.text }
            ) { Instant(milliseconds: 0) }
            let service = Service(
                id: wanted.id, definition: ServiceDefinition(wanted.json), instances: 0, fingerprint: "")
            let failure = await #expect(throws: Failure.self) { try await cluster.launch(service, suspended: true) }
            #expect(failure?.details.contains { $0.contains(path) } == true, "\(failure?.description ?? "")")
        }
    }

    @Test("of Chronos keep every field and their fingerprint when read again")
    func chronos() throws {
        let job = try ChronosJob(try json("mantl__examples__spark-pi__spark-pi"))
        #expect(job.id == "chronos:spark-pi")
        #expect(try ChronosJob(JSON(parsing: JSON.object(job.json).compact)) == job)
        #expect(JSON.object(job.json).compact.contains("farmbio/spark-mantl:1.6.0"))
    }

    @Test(
        "that are none are refused with the path of what is missing",
        arguments: [("metronome__v0__schema__jobspec_v0.schema", "id"), ("metronome__v1__examples__run_list", "id")])
    func noJob(name: String, path: String) throws {
        let failure = #expect(throws: Failure.self) { try MetronomeJob(try json(name)) }
        #expect(failure?.place == path)
    }
}

enum CollectedFiles {
    static let metronome = folder("metronome")
    static let compose = folder("compose")

    private static func folder(_ name: String) -> String? {
        let checkout = URL(filePath: #filePath).appending(path: "../../../../..").standardized
        let path = checkout.appendingPathComponent("../shared/fixtures/\(name)").standardized.path
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }
}
