import JSON
import Testing

@Suite("The scheduler's subscription at a master")
struct SubscriptionTests {
    @Test("waits for a leader, follows to it, and is made again with the same id when the master goes silent")
    func silence() async throws {
        let master = try await FakeMaster()
        let scheduler = try MesosScheduler(master: master.url, heartbeatTolerance: 4)
        defer { scheduler.removeFolder() }
        try await scheduler.start()
        #expect(try await scheduler.frameworkID() == "F-0001")
        try await eventually("it subscribes again") {
            try await master.calls().count { $0["type"] == "SUBSCRIBE" } >= 2
        }
        await scheduler.stop()
        let calls = try await master.calls()
        let subscriptions = calls.filter { $0["type"] == "SUBSCRIBE" }
        #expect(subscriptions[0]["framework_id"] == nil)
        #expect(subscriptions[0]["subscribe"]?["framework_info"]?["id"] == nil)
        for later in subscriptions.dropFirst() {
            #expect(later["framework_id"]?["value"] == "F-0001")
            #expect(later["subscribe"]?["framework_info"]?["id"]?["value"] == "F-0001")
        }
    }

    @Test("is not begun again with another id by the next scheduler")
    func restart() async throws {
        let master = try await FakeMaster()
        let scheduler = try MesosScheduler(master: master.url, heartbeatTolerance: 1000)
        defer { scheduler.removeFolder() }
        try await scheduler.start()
        try await eventually("it asks for what the master knows, and for no offers") {
            let calls = try await master.calls().filter { $0["framework_id"]?["value"] == "F-0001" }
            return calls.contains { $0["type"] == "SUPPRESS" } && calls.contains { $0["type"] == "RECONCILE" }
        }
        await scheduler.stop()
        try await scheduler.start()
        try await eventually("it has subscribed") {
            try await master.calls().count { $0["type"] == "SUBSCRIBE" } == 2
        }
        await scheduler.stop()
        let last = try await master.calls().last { $0["type"] == "SUBSCRIBE" }
        #expect(last?["framework_id"]?["value"] == "F-0001")
    }
}
