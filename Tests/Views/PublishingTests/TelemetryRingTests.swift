import Foundation
import Migration
import Testing

@testable import Publishing

@Suite("The ring of what a run measured")
struct TelemetryRingTests {
    private let noon = Instant(milliseconds: 1_795_867_200_000)

    private func sample(_ rate: Double, backend: String = "be_shop") -> TrafficSample {
        TrafficSample(
            loadBalancer: "edge-1", backend: backend, color: .green, share: 0.1, requestsPerSecond: rate,
            errorRate: 0.001, responseTime: Period(milliseconds: 15), sessions: 3)
    }

    private func time(_ look: Int) -> Instant { noon + Period(milliseconds: Int64(look) * 500) }

    @Test("gives the newest look of a run as it was published")
    func newest() async throws {
        try await withFolder { folder in
            let ring = TelemetryRing(folder: folder)
            var bare = sample(2)
            bare.responseTime = nil
            ring.publish(TelemetryReading(time: noon, samples: [sample(1), bare]), run: "r-1")
            await ring.close(within: .seconds(60))
            #expect(
                TelemetryRing.newest(of: "r-1", in: folder)
                    == TelemetryReading(time: noon, samples: [sample(1), bare]))
            #expect(TelemetryRing.newest(of: "r-2", in: folder) == nil)
            let later = TelemetryRing(folder: folder)
            later.publish(TelemetryReading(time: time(1), samples: [sample(5)]), run: "r-1")
            await later.close(within: .seconds(60))
            #expect(TelemetryRing.newest(of: "r-1", in: folder)?.samples == [sample(5)])
        }
    }

    @Test("gives the sessions that a drain waits for as they were published")
    func open() async throws {
        try await withFolder { folder in
            let session = OpenSession(
                loadBalancer: "edge-1", backend: "be_shop", server: "blue-1", frontend: "users",
                client: "10.0.0.7:52100", age: .seconds(7), bytesIn: 12, bytesOut: 0, oldProcess: 4711)
            let bare = OpenSession(
                loadBalancer: "edge-1", backend: "be_shop", server: "blue-1", frontend: "users", client: "?")
            let open = OpenSessions([session, bare], more: 41, unknown: ["edge-2 is silent"])
            let reading = TelemetryReading(time: noon, samples: [sample(1)], open: open)
            let ring = TelemetryRing(folder: folder)
            ring.publish(reading, run: "r-1")
            await ring.close(within: .seconds(60))
            #expect(TelemetryRing.newest(of: "r-1", in: folder) == reading)
        }
    }

    @Test("keeps a rate that is no number as none")
    func notANumber() async throws {
        try await withFolder { folder in
            let ring = TelemetryRing(folder: folder)
            ring.publish(TelemetryReading(time: noon, samples: [sample(.nan)]), run: "r-1")
            await ring.close(within: .seconds(60))
            #expect(TelemetryRing.newest(of: "r-1", in: folder)?.samples == [sample(0)])
        }
    }

    @Test("stays small however much is published, and always gives the newest")
    func bounded() throws {
        try withFolder { folder in
            let files = RingFiles(folder: folder)
            for look in 0..<400 {
                let samples = (0..<20).map { sample(Double(look), backend: "be_\($0)") }
                let line = TelemetryLine.text(of: TelemetryReading(time: time(look), samples: samples), run: "r-1")
                files.append(Array((line + "\n").utf8), largest: 10_000)
                let newest = TelemetryRing.newest(of: "r-1", in: folder)
                #expect(newest?.time == time(look))
                #expect(newest?.samples == samples)
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(names == ["0.jsonl", "1.jsonl"])
            for name in names {
                let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
                #expect((attributes[.size] as? Int ?? .max) <= 10_000)
                #expect(attributes[.posixPermissions] as? Int == 0o600)
            }
        }
    }

    @Test("takes a look that is longer than a file, and one after it")
    func long() throws {
        try withFolder { folder in
            let files = RingFiles(folder: folder)
            for look in 0..<5 {
                let samples = (0..<50).map { sample(Double(look), backend: "be_\($0)") }
                let line = TelemetryLine.text(of: TelemetryReading(time: time(look), samples: samples), run: "r-1")
                files.append(Array((line + "\n").utf8), largest: 100)
                #expect(TelemetryRing.newest(of: "r-1", in: folder)?.samples == samples)
            }
        }
    }

    @Test(
        "passes over a line that was cut off or is damaged, and goes on behind it",
        arguments: ["{\"run\":\"r-1\",\"ti", "\u{0}\u{0}", "[]\n", "{\"run\":\"r-1\",\"time\":\"x\",\"samples\":[]}\n"])
    func damaged(_ rest: String) async throws {
        try await withFolder { folder in
            let ring = TelemetryRing(folder: folder)
            ring.publish(TelemetryReading(time: noon, samples: [sample(1)]), run: "r-1")
            await ring.close(within: .seconds(60))
            let file = try FileHandle(forWritingTo: URL(filePath: folder + "/0.jsonl"))
            try file.seekToEnd()
            try file.write(contentsOf: Data(rest.utf8))
            try file.close()
            #expect(TelemetryRing.newest(of: "r-1", in: folder)?.samples == [sample(1)])
            let next = TelemetryRing(folder: folder)
            next.publish(TelemetryReading(time: time(1), samples: [sample(2)]), run: "r-1")
            await next.close(within: .seconds(60))
            #expect(TelemetryRing.newest(of: "r-1", in: folder)?.samples == [sample(2)])
        }
    }

    @Test("that can't be written, or was never written, is no harm")
    func absent() async throws {
        #expect(TelemetryRing.newest(of: "r-1", in: "/nowhere") == nil)
        let ring = TelemetryRing(folder: "/dev/null/telemetry")
        ring.publish(TelemetryReading(time: noon, samples: [sample(1)]), run: "r-1")
        await ring.close(within: .seconds(60))
        #expect(TelemetryRing.newest(of: "r-1", in: "/dev/null/telemetry") == nil)
    }

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "rz-ring-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = NSTemporaryDirectory() + "rz-ring-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }
}
