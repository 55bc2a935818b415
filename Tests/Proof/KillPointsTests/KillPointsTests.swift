import Foundation
import Migration
import Testing

@testable import KillPoints

@Suite("Kill points")
struct KillPointsTests {
    @Test("stand before and after each call, and are numbered by activity and call")
    func numbered() async throws {
        let points = try Recording()
        for step in ["a", "b", "a"] {
            await Activity.$current.withValue(step) { await points.change("edge-1", "apply") }
        }
        #expect(
            points.passed == [
                "a: apply #1 before", "a: apply #1 after", "b: apply #1 before", "b: apply #1 after",
                "a: apply #2 before", "a: apply #2 after",
            ])
    }

    @Test("stand after a call that failed, too")
    func failed() async throws {
        let points = try Recording()
        await #expect(throws: Failure.self) {
            try await points.points.around("edge-1", "apply", changes: true) { () async throws(Failure) in
                throw Failure("no")
            }
        }
        #expect(points.passed == ["run: apply #1 before", "run: apply #1 after"])
    }

    @Test("leave out what was asked before, until something was changed there or written down")
    func repeats() async throws {
        let points = try Recording()
        for _ in 0..<3 { await points.look("edge-1", "observe") }
        await points.change("edge-2", "apply")
        await points.look("edge-1", "observe")
        #expect(points.passed.count { $0.contains("observe") } == 2, "edge-2 is somebody else")
        await points.change("edge-1", "apply")
        await points.look("edge-1", "observe")
        await points.look("edge-1", "observe")
        await points.change(KillPoints.journal, "append")
        await points.look("edge-1", "observe")
        #expect(
            points.passed.filter { $0.contains("observe") }.map { $0.suffix(9) } == [
                "#1 before", " #1 after", "#2 before", " #2 after", "#3 before", " #3 after",
            ])
    }

    @Test("count each line of progress in a long call")
    func progress() async throws {
        let points = try Recording()
        await points.points.around("provisioner", "build", changes: true) {
            for _ in 0..<2 { points.points.during("build") }
        }
        #expect(
            points.passed == [
                "run: build #1 before", "run: build #1 during", "run: build #2 during", "run: build #1 after",
            ])
    }

    @Test("are named by the events that are appended, with what these are about")
    func events() async throws {
        let points = try Recording()
        let store = points.points.around(SilentStore())
        let run = RunID("r-1")
        for kinds: [Event.Kind] in [
            [.phaseEntered(phase: "cutOver")], [.stepStarted(step: "a/b", attempt: 1)], [.runCompleted],
            [.stepWaiting(step: "a/b", reason: "x")], [.stepWaiting(step: "a/b", reason: "y")],
        ] { _ = try await store.append(kinds, run: run, epoch: 1, at: Instant(milliseconds: 0)) }
        #expect(
            points.passed.filter { $0.hasSuffix("before") } == [
                "run: append phaseEntered(cutOver) #1 before", "run: append stepStarted(a/b) #1 before",
                "run: append runCompleted #1 before", "run: append stepWaiting(a/b) #1 before",
            ])
    }

    @Test("stand around every write that begins or ends a run, and around no reading of the store")
    func writes() async throws {
        let points = try Recording()
        let store = points.points.around(SilentStore())
        let lease = try await store.acquire(purpose: "rz update shop", at: Instant(milliseconds: 0))
        _ = try await store.newRun(at: Instant(milliseconds: 0))
        try await store.save(plan: "{}", id: "p-1")
        _ = try await store.plan("p-1")
        _ = try await store.currentLease()
        try await store.release(lease)
        #expect(
            points.passed.filter { $0.hasSuffix("before") } == [
                "run: acquire the lock #1 before", "run: name the run #1 before", "run: save the plan #1 before",
                "run: release the lock #1 before",
            ])
    }

    @Test("carry out an order once, at its point", .timeLimit(.minutes(1)))
    func order() async throws {
        // SIGURG is ignored unless somebody waits for it.
        let points = try Recording(orders: "SIGURG run: apply #2 before\n")
        for _ in 0..<3 { await points.change("edge-1", "apply") }
        #expect(points.lines.filter { $0.hasPrefix("! ") } == ["! \(SIGURG) run: apply #2 before"])
    }

    @Test("refuse orders that mean nothing")
    func badOrders() throws {
        #expect(throws: Failure.self) { try Recording(orders: "SIGNOTHING run: apply #1 before\n") }
        #expect(throws: Failure.self) { try KillOrders(contentsOf: "/nonexistent/orders") }
    }
}

/// Kill points that write down where they were passed.
private final class Recording {
    let points: KillPoints
    private let log: String

    init(orders: String = "") throws {
        let path = FileManager.default.temporaryDirectory.path + "/rz-points-\(UUID().uuidString)"
        log = path + ".log"
        try "log \(log)\n\(orders)".write(toFile: path, atomically: true, encoding: .utf8)
        defer { unlink(path) }
        points = KillPoints(try KillOrders(contentsOf: path))
    }

    deinit { unlink(log) }

    var lines: [String] {
        ((try? String(contentsOfFile: log, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }
    var passed: [String] { lines.filter { !$0.hasPrefix("! ") } }

    func change(_ system: String, _ call: String) async {
        await points.around(system, call, changes: true) {}
    }

    func look(_ system: String, _ call: String) async {
        await points.around(system, call, changes: false) {}
    }
}

private struct SilentStore: RunStore {
    let environment = "shop"
    let place = "nowhere"
    func append(_ kinds: [Event.Kind], run: RunID, epoch: Int?, at time: Instant) async throws(Failure) -> [Event] {
        []
    }
    func confirm(epoch: Int) async throws(Failure) {}
    func events(of run: RunID, after sequence: Int) async throws(Failure) -> [Event] { [] }
    func follow(_ run: RunID, after sequence: Int, every period: Period) -> EventFeed {
        EventFeed(after: sequence) { _ in
            []
        } pause: {
        }
    }
    func newRun(at time: Instant) async throws(Failure) -> RunID { "r-1" }
    func runs() async throws(Failure) -> [RunID] { [] }
    func latestRun() async throws(Failure) -> RunID? { nil }
    func save(plan: String, id: String) async throws(Failure) {}
    func plan(_ id: String) async throws(Failure) -> String? { nil }
    func masked(plan: String) throws(Failure) -> String { plan }
    func isImported(plan id: String) async throws(Failure) -> Bool { false }
    func accept(plan id: String) async throws(Failure) {}
    func acquire(purpose: String, at time: Instant) async throws(Failure) -> RunLease {
        RunLease(
            id: "1", epoch: 1, owner: "anna", host: "ctl-1", pid: 1, purpose: purpose, acquiredAt: time, mayAct: true)
    }
    func release(_ lease: RunLease) async throws(Failure) {}
    func unlock(id: String, fromLiving: Bool) async throws(Failure) {}
    func currentLease() async throws(Failure) -> RunLease? { nil }
    func lastEpoch() async throws(Failure) -> Int { 0 }
}
