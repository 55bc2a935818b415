import Migration
import Testing

@testable import Journal

@Suite("Following a run", .timeLimit(.minutes(1)))
struct FollowTests {
    @Test("shows what another process appends, each event once and in order")
    func other() async throws {
        let home = try Home()
        let writer = try home.open()
        _ = try await writer.append([.noted(text: "0")], run: "r-1", epoch: nil, at: noon)
        let reader = JournalRuns(try home.open(readOnly: true))
        var texts: [String] = []
        for try await events in reader.follow("r-1", after: 1, every: Period(milliseconds: 5)) {
            texts += events.map { event in
                if case .noted(let text) = event.kind { text } else { "?" }
            }
            if texts.count >= 3 { break }
            // What is appended after a look comes with the next one.
            let next = "\(texts.count + 1)"
            _ = try await writer.append([.noted(text: next)], run: "r-1", epoch: nil, at: noon)
            _ = try await writer.append([.noted(text: "another run")], run: "r-2", epoch: nil, at: noon)
        }
        #expect(texts == ["1", "2", "3"])
    }

    @Test("goes on from look to look while nothing happens, and ends when its task is cancelled")
    func cancelled() async throws {
        let home = try Home()
        _ = try home.open()
        let reader = JournalRuns(try home.open(readOnly: true))
        let (looks, seen) = AsyncStream.makeStream(of: Int.self)
        let task = Task {
            for try await events in reader.follow("r-1", after: 0, every: Period(milliseconds: 5)) {
                seen.yield(events.count)
            }
            seen.finish()
        }
        var count = 0
        for await found in looks {
            #expect(found == 0)
            count += 1
            if count == 3 { task.cancel() }
        }
        try await task.value
        #expect(count >= 3)
    }

    @Test("ends with the failure of a look: a damaged journal is no silence")
    func damaged() async throws {
        let home = try Home()
        let writer = try home.open()
        let reader = JournalRuns(try home.open(readOnly: true))
        let feed = reader.follow("r-1", after: 0, every: Period(milliseconds: 5))
        var iterator = feed.makeAsyncIterator()
        #expect(try await iterator.next() == [])
        _ = try await writer.append([.noted(text: "1")], run: "r-1", epoch: nil, at: noon)
        try home.tamper("UPDATE events SET payload = '{}'")
        await #expect(throws: Failure.self) { _ = try await iterator.next() }
    }
}

@Suite("The lease of a run")
struct LeaseTests {
    @Test("is the journal's lock: refused to a second one, in the lock's words, until it is released")
    func held() async throws {
        let home = try Home()
        let store = JournalRuns(try home.open())
        let lease = try await store.acquire(purpose: "rz update shop", at: noon)
        let other = JournalRuns(try home.open())
        #expect(try await other.currentLease() == lease)
        #expect(lease.mayAct)
        let refusal = await failure { _ = try await other.acquire(purpose: "rz resume", at: noon) }
        #expect(refusal?.kind == .refused)
        #expect(refusal?.summary.contains("\(lease)") == true)
        try await store.release(lease)
        #expect(try await other.currentLease() == nil)
        #expect(try await other.acquire(purpose: "rz resume", at: noon).epoch == lease.epoch + 1)
        #expect(try await store.lastEpoch() == lease.epoch + 1)
    }

    @Test("of a holder that is gone may not act")
    func gone() async throws {
        let home = try Home()
        let store = JournalRuns(try home.open())
        _ = try await store.acquire(purpose: "old", at: noon)
        try home.tamper("UPDATE lock SET pid = 99999999")
        #expect(try await store.currentLease()?.mayAct == false)
    }
}
