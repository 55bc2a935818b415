import Foundation
import Glibc
import Migration
import Testing

@testable import Journal

@Suite("A damaged journal")
struct DamageTests {
    /// What was done to twelve events, and what the error has to say of it.
    static let damages = [
        ("UPDATE events SET payload = '{\"text\":\"nothing\"}' WHERE sequence = 7", "event 7 (noted, 2026-11-23"),
        ("UPDATE events SET time = '2026-11-23T12:00:00.001Z' WHERE sequence = 3", "event 3 "),
        ("UPDATE events SET run = 'r-2' WHERE sequence = 12", "event 12 "),
        ("UPDATE events SET checksum = '' WHERE sequence = 1", "event 1 "),
        ("UPDATE events SET type = 'not', payload = 'ed' || payload WHERE sequence = 5", "event 5 "),
        ("DELETE FROM events WHERE sequence = 6", "event 6 is missing: 7 follows 5"),
        ("DELETE FROM events WHERE sequence = 1", "event 1 is missing: 2 follows 0"),
        ("DELETE FROM events WHERE sequence > 9", "ends with event 9, but event 12 was written"),
        ("DELETE FROM events", "ends with event 0, but event 12 was written"),
        (
            "INSERT INTO events SELECT 13, run, time, type, payload, checksum FROM events WHERE sequence = 12",
            "event 13"
        ),
        ("UPDATE head SET sequence = 11", "event 11 was the last that rz wrote, but 12 is there"),
        ("UPDATE head SET checksum = 'x'", "event 12 was the last"),
        ("DELETE FROM head", "where it ends"),
    ]

    @Test("is named with the first event that differs, to readers and to writers", arguments: damages)
    func named(_ sql: String, _ words: String) async throws {
        let home = try Home()
        try await home.filled(with: 12)
        try home.tamper(sql)
        for readOnly in [true, false] {
            let journal = try home.open(readOnly: readOnly)
            let failed = await failure { _ = try await journal.events(of: "r-1", after: 0) }
            #expect(failed?.summary.contains(words) == true, "\(failed.map(String.init) ?? "no failure")")
            #expect(failed?.place == home.file)
            #expect(failed?.advice?.contains("rz journal repair shop") == true)
            #expect(await journalError { try await journal.verify() }?.kind == .corrupt)
            #expect(await journalError { _ = try await journal.runs() }?.kind == .corrupt)
        }
    }

    @Test("takes no more events")
    func append() async throws {
        let home = try Home()
        try await home.filled(with: 5)
        try home.tamper("DELETE FROM events WHERE sequence = 5")
        let journal = try home.open()
        let failed = await failure { _ = try await journal.append([.runPaused], run: "r-1", epoch: nil, at: noon) }
        #expect(failed?.summary.contains("the tail is missing") == true)
        #expect(failed?.details == ["events 1 to 4 are what was written"])
    }

    @Test("is noticed by a process that has read it already")
    func meanwhile() async throws {
        let home = try Home()
        try await home.filled(with: 5)
        let journal = try home.open()
        #expect(try await journal.events(of: "r-1", after: 0).count == 5)
        _ = try await home.open().append([.runPaused], run: "r-1", epoch: nil, at: noon)
        try home.tamper("UPDATE events SET payload = '{\"a\":1}' WHERE sequence = 6")
        let failed = await failure { _ = try await journal.events(of: "r-1", after: 5) }
        #expect(failed?.summary.contains("event 6 ") == true)
        #expect(failed?.details == ["events 1 to 5 are what was written"])
    }

    @Test("that went back in time under a reader is noticed")
    func restored() async throws {
        let home = try Home()
        try await home.filled(with: 5)
        let journal = try home.open()
        #expect(try await journal.events(of: "r-1", after: 0).count == 5)
        try home.tamper(
            "DELETE FROM events WHERE sequence > 3")
        try home.tamper("UPDATE head SET sequence = 3, checksum = (SELECT checksum FROM events WHERE sequence = 3)")
        let failed = await failure { _ = try await journal.events(of: "r-1", after: 5) }
        #expect(failed?.summary.contains("ends with event 3, where event 5 was read before") == true)
    }

    @Test("that lost a part of its file says so", arguments: [0.3, 0.5, 0.9])
    func truncated(_ part: Double) async throws {
        let home = try Home()
        try await home.filled(with: 200, text: String(repeating: "long ", count: 100))
        let size = try #require(FileManager.default.contents(atPath: home.file)?.count)
        truncate(home.file, off_t(Double(size) * part))
        for readOnly in [true, false] {
            let failed = await failure {
                let journal = try home.open(readOnly: readOnly)
                _ = try await journal.events(of: "r-1", after: 0)
            }
            #expect(failed?.summary.contains("The journal is damaged") == true)
            #expect(failed?.place == home.file)
        }
    }

    @Test("whose pages hold other bytes says so")
    func flippedBytes() async throws {
        let home = try Home()
        try await home.filled(with: 200, text: String(repeating: "long ", count: 100))
        let size = try #require(FileManager.default.contents(atPath: home.file)?.count)
        let handle = try #require(FileHandle(forUpdatingAtPath: home.file))
        try handle.seek(toOffset: UInt64(size / 2))
        try handle.write(contentsOf: Data(repeating: 0xFF, count: 4096))
        try handle.close()
        let error = await journalError { try await home.open(readOnly: true).verify() }
        #expect(error?.kind == .corrupt)
    }

    @Test("in one plan says which")
    func plan() async throws {
        let home = try Home()
        try await home.open().save(plan: #"{"steps":[]}"#, id: "p-1")
        try home.tamper("UPDATE plans SET json = '{\"steps\":[1]}'")
        let journal = try home.open(readOnly: true)
        let error = await journalError { _ = try await journal.plan("p-1") }
        #expect(error?.kind == .corrupt)
        #expect(error?.message.contains("plan p-1") == true)
        #expect(await journalError { try await journal.verify() }?.kind == .corrupt)
    }
}
