import Migration
import Testing

@testable import Journal

@Suite("Runs")
struct RunsTests {
    @Test("are numbered by day, and no number is given twice")
    func numbers() async throws {
        let home = try Home()
        let journal = try home.open()
        #expect(try await journal.newRun(at: noon) == "r-20261123-0001")
        #expect(try await journal.newRun(at: noon) == "r-20261123-0002")
        #expect(try await journal.newRun(at: noon + .hours(24)) == "r-20261124-0001")
        _ = try await journal.append([.runPaused], run: "r-20261123-0041", epoch: nil, at: noon)
        #expect(try await home.open().newRun(at: noon) == "r-20261123-0042")
        _ = try await journal.append([.runPaused], run: "r-20261123-9999", epoch: nil, at: noon)
        #expect(try await journal.newRun(at: noon) == "r-20261123-10000")
        #expect(try await journal.newRun(at: noon) == "r-20261123-10001")
    }

    @Test("begun by many at once all have a name of their own")
    func race() async throws {
        let home = try Home()
        let names = try await withThrowingTaskGroup(of: RunID.self) { group in
            for _ in 1...20 { group.addTask { try await home.open().newRun(at: noon) } }
            return try await group.reduce(into: Set<RunID>()) { $0.insert($1) }
        }
        #expect(names.count == 20)
    }

    @Test("are listed oldest first, with plan, start and last event")
    func list() async throws {
        let home = try Home()
        let journal = try home.open()
        #expect(try await journal.runs().isEmpty)
        #expect(try await journal.latestRun() == nil)
        let start = Event.Kind.runStarted(environment: "shop", plan: "p-1", from: .blue, to: .green, by: "anna")
        _ = try await journal.append([start, .runPaused], run: "r-2", epoch: nil, at: noon)
        let last = try await journal.append([.runAborted], run: "r-2", epoch: nil, at: noon + .seconds(5))
        let odd = try await journal.append([.noted(text: "x")], run: "r-1", epoch: nil, at: noon + .seconds(9))
        #expect(
            try await home.open(readOnly: true).runs() == [
                RunSummary(run: "r-2", environment: "shop", plan: "p-1", startedAt: noon, lastEvent: last[0]),
                RunSummary(
                    run: "r-1", environment: "shop", plan: nil, startedAt: noon + .seconds(9), lastEvent: odd[0]),
            ])
        #expect(try await journal.latestRun() == "r-1")
    }

    @Test("find their plan again")
    func plans() async throws {
        let home = try Home()
        let journal = try home.open()
        let text = #"{"b":1.10,"a":[null,true,{"x":"ü"}]}"#
        try await journal.save(plan: text, id: "p-1")
        #expect(try await home.open(readOnly: true).plan("p-1") == text)
        #expect(try await journal.plan("p-2") == nil)
        #expect(await journalError { try await journal.save(plan: "{", id: "p-3") }?.kind == .unreadable)
    }

    @Test("of a newer rz's events are refused with the event's name")
    func newerEvents() async throws {
        let home = try Home()
        let journal = try home.open()
        _ = try await journal.append([.runPaused], run: "r-1", epoch: nil, at: noon)
        let content = RowContent(run: "r-1", time: noon.description, type: "moon.rose", payload: "{}")
        let next = await journal.verified.next(content)
        try home.tamper(
            "INSERT INTO events VALUES (2, 'r-1', '\(noon)', 'moon.rose', '{}', '\(next.checksum)')")
        try home.tamper("UPDATE head SET sequence = 2, checksum = '\(next.checksum)'")
        let failed = await failure { _ = try await journal.events(of: "r-1", after: 0) }
        #expect(failed?.summary == "Event 2 (moon.rose) was written by a newer rz")
        #expect(failed?.advice == "Install a newer rz.")
        #expect(try await journal.verify().events == 2)
    }
}
