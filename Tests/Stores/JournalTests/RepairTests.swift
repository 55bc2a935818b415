import Foundation
import Glibc
import Migration
import Operations
import Testing
import Waiting

@testable import Journal

@Suite("A repair")
struct RepairTests {
    /// What was done to twelve events, and how many of them are kept, lost, and lost but readable.
    static let damages: [(String, Int, Int, Int)] = [
        ("UPDATE events SET payload = '{}' WHERE sequence = 7", 6, 6, 6),
        ("DELETE FROM events WHERE sequence = 6", 5, 7, 6),
        ("DELETE FROM events WHERE sequence > 9", 9, 3, 0),
        ("DELETE FROM events", 0, 12, 0),
        ("UPDATE head SET sequence = 11", 12, 0, 0),
        ("DELETE FROM head", 12, -1, 0),
        ("DELETE FROM lock", 12, 0, 0),
    ]

    @Test(
        "keeps the events that are proven, reports the lost ones, and leaves the damaged file as it was",
        arguments: damages)
    func keeps(_ sql: String, _ kept: Int, _ lost: Int, _ readable: Int) async throws {
        let home = try Home()
        try await home.filled(with: 12)
        try home.tamper(sql)
        let before = try home.files()
        let repair = try Repair(environment: "shop", home: home.path)
        let findings = try await repair.lookWhenClosed()
        #expect(findings.keptEvents == kept)
        #expect(findings.lostEvents == (lost < 0 ? nil : lost))
        #expect(findings.readable.map(\.sequence) == Array((12 - readable + 1)..<13))
        #expect(try home.files()["shop.sqlite"] == before["shop.sqlite"])
        let outcome = try await repair.performWhenClosed(at: noon)
        #expect(FileManager.default.contents(atPath: outcome.aside) == before["shop.sqlite"])
        let journal = try home.open()
        #expect(try await journal.verify().events == kept + outcome.added)
        let events = try await journal.events(of: "r-1", after: 0)
        #expect(events.prefix(kept).map(\.kind) == (1...12).prefix(kept).map { .noted(text: "hello \($0)") })
        #expect((outcome.added > 0) == (lost != 0 && kept > 0))
        let lock = try await journal.acquire(purpose: "", at: noon)
        #expect(lock.epoch > Int(noon.milliseconds / 1000))
        try await journal.release(lock)
        #expect(try await Repair(environment: "shop", home: home.path).lookIsSound())
    }

    @Test(
        "keeps what lies before the damage of a file that lost a part",
        arguments: [(0.0, 0), (0.001, 0), (0.5, 50), (0.9, 150)])
    func truncated(_ part: Double, _ atLeast: Int) async throws {
        let home = try Home()
        try await home.filled(with: 200, text: String(repeating: "long ", count: 100))
        let size = try #require(FileManager.default.contents(atPath: home.file)?.count)
        truncate(home.file, off_t(Double(size) * part))
        let before = FileManager.default.contents(atPath: home.file)
        let outcome = try await Repair(environment: "shop", home: home.path).performWhenClosed(at: noon)
        #expect(FileManager.default.contents(atPath: outcome.aside) == before)
        #expect(outcome.findings.keptEvents < 200)
        #expect(outcome.findings.keptEvents >= atLeast)
        #expect(outcome.findings.lostEvents != 0)
        #expect(!outcome.findings.checks.isEmpty)
        #expect(try await home.open().verify().events == outcome.findings.keptEvents + outcome.added)
    }

    @Test("finds events behind a page that can't be read")
    func page() async throws {
        let home = try Home()
        try await home.filled(with: 200, text: String(repeating: "long ", count: 100))
        let size = try #require(FileManager.default.contents(atPath: home.file)?.count)
        let handle = try #require(FileHandle(forUpdatingAtPath: home.file))
        try handle.seek(toOffset: UInt64(size / 8192 * 4096))
        try handle.write(contentsOf: Data(repeating: 0xFF, count: 4096))
        try handle.close()
        let findings = try await Repair(environment: "shop", home: home.path).lookWhenClosed()
        #expect(findings.keptEvents > 0)
        #expect(findings.keptEvents < 200)
        #expect(findings.readable.last?.sequence == 200)
        #expect(findings.lostEvents == 200 - findings.keptEvents)
        #expect(findings.readable.count < 200 - findings.keptEvents)
    }

    @Test("keeps what is in a WAL that a killed process left")
    func leftWAL() async throws {
        let home = try Home()
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = home.path as String] in
            let journal = try Home.journal(in: path)
            for number in 1...8 {
                _ = try await journal.append([.noted(text: "hello \(number)")], run: "r-1", epoch: nil, at: noon)
            }
            try await journal.set("UPDATE events SET type = 'x' WHERE sequence = 7")
            kill(getpid(), SIGKILL)
        }
        let before = try home.files()
        let outcome = try await Repair(environment: "shop", home: home.path).performWhenClosed(at: noon)
        #expect(outcome.findings.keptEvents == 6)
        #expect(FileManager.default.contents(atPath: outcome.aside) == before["shop.sqlite"])
        #expect(FileManager.default.contents(atPath: outcome.aside + "-wal") == before["shop.sqlite-wal"])
    }

    @Test("of a sound journal is none")
    func sound() async throws {
        let home = try Home()
        try await home.filled(with: 3)
        #expect(try await Repair(environment: "shop", home: home.path).lookIsSound())
        let other = try Home()
        let error = await journalError { _ = try await Repair(environment: "shop", home: other.path).lookWhenClosed() }
        #expect(error?.kind == .missing)
    }

    @Test("is refused while a living process holds the lock, or has the file open")
    func inUse() async throws {
        let home = try Home()
        try await home.filled(with: 5)
        let lock: JournalLock
        do { lock = try await home.open().acquire(purpose: "rz update shop", at: noon) }
        try home.tamper("DELETE FROM events WHERE sequence = 3")
        let repair = try Repair(environment: "shop", home: home.path)
        #expect(await journalError { _ = try repair.look() }?.kind == .locked(lock))
        #expect(await journalError { _ = try repair.perform(at: noon) }?.kind == .locked(lock))
        try home.tamper("UPDATE lock SET id = NULL")
        let reader = try Child("sleep", ["600"], input: FileHandle(forReadingAtPath: home.file))
        let error = await journalError { _ = try repair.perform(at: noon) }
        #expect(error?.kind == .busy)
        #expect(error?.message.contains("\(reader.process.processIdentifier)") == true)
        kill(reader.process.processIdentifier, SIGKILL)
        _ = await reader.ended()
        reader.process.waitUntilExit()
        #expect(try await repair.performWhenClosed(at: noon).findings.keptEvents == 2)
    }

    @Test("that was killed in the middle keeps everyone out until the next one finishes it", arguments: 0...3)
    func killed(_ moved: Int) async throws {
        let home = try Home()
        try await home.filled(with: 5)
        try home.tamper("DELETE FROM events WHERE sequence = 3")
        let before = FileManager.default.contents(atPath: home.file)
        let aside = home.file + ".damaged-20261123T120000.000Z"
        try aside.write(toFile: home.file + ".repairing", atomically: true, encoding: .utf8)
        if moved > 0 { rename(home.file, aside) }
        if moved > 1 { _ = FileManager.default.createFile(atPath: aside + "-shm", contents: nil) }
        if moved > 2 { try FileManager.default.copyItem(atPath: aside, toPath: home.file + ".shop.draft") }
        for readOnly in [true, false] {
            let error = await journalError { _ = try home.open(readOnly: readOnly) }
            #expect(error?.kind == .underRepair)
            #expect(error?.advice?.contains("rz journal repair shop") == true)
        }
        let repair = try Repair(environment: "shop", home: home.path)
        #expect(try await repair.lookWhenClosed().keptEvents == 2)
        let outcome = try await repair.performWhenClosed(at: noon + .hours(1))
        #expect(outcome.aside == aside)
        #expect(FileManager.default.contents(atPath: aside) == before)
        #expect(try await home.open().verify().events == 2 + outcome.added)
    }

    @Test("that was killed between two files keeps what is in the WAL", arguments: ["", "-wal", "-shm"])
    func killedBetweenFiles(_ moved: String) async throws {
        let home = try Home()
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = home.path as String] in
            let journal = try Home.journal(in: path)
            for number in 1...8 {
                _ = try await journal.append([.noted(text: "hello \(number)")], run: "r-1", epoch: nil, at: noon)
            }
            try await journal.set("UPDATE events SET type = 'x' WHERE sequence = 7")
            kill(getpid(), SIGKILL)
        }
        let aside = home.file + ".damaged-20261123T120000.000Z"
        try aside.write(toFile: home.file + ".repairing", atomically: true, encoding: .utf8)
        rename(home.file + moved, aside + moved)
        let repair = try Repair(environment: "shop", home: home.path)
        #expect(try await repair.lookWhenClosed().keptEvents == 6)
        #expect(try await repair.performWhenClosed(at: noon).findings.keptEvents == 6)
        #expect(try await home.open().events(of: "r-1", after: 0).count > 6)
    }

    @Test("that was killed at its very end is over when it is typed again")
    func killedAtEnd() async throws {
        let home = try Home()
        try await home.filled(with: 5)
        try home.tamper("DELETE FROM events WHERE sequence = 3")
        let repair = try Repair(environment: "shop", home: home.path)
        let outcome = try await repair.performWhenClosed(at: noon)
        try outcome.aside.write(toFile: home.file + ".repairing", atomically: true, encoding: .utf8)
        #expect(await journalError { _ = try await repair.performWhenClosed(at: noon) }?.kind == .exists)
        #expect(try await home.open().verify().events == 2 + outcome.added)
    }

    @Test("of an older rz's journal gives one of this rz's")
    func older() async throws {
        let home = try Home()
        try await home.madeByOldRZ(events: 12)
        try home.tamper("UPDATE events SET payload = '{}' WHERE sequence = 9")
        let outcome = try await Repair(environment: "shop", home: home.path).performWhenClosed(at: noon)
        #expect(outcome.findings.keptEvents == 8)
        #expect(try await home.open().verify().events == 8 + outcome.added)
    }

    @Test("leaves a journal alone that is not damaged but newer, or another program's")
    func notDamaged() async throws {
        let home = try Home()
        try await home.filled(with: 1)
        let repair = try Repair(environment: "shop", home: home.path)
        try home.tamper("PRAGMA user_version = 3")
        #expect(await journalError { _ = try await repair.performWhenClosed(at: noon) }?.kind == .newer)
        try home.tamper("PRAGMA application_id = 5")
        #expect(await journalError { _ = try await repair.performWhenClosed(at: noon) }?.kind == .foreign)
        #expect(FileManager.default.fileExists(atPath: home.file))
    }
}

extension Repair {
    func lookIsSound() async throws -> Bool { try await lookWhenClosed().difference == nil }
}

extension Home {
    /// The journal's files by name.
    func files() throws -> [String: Data] {
        let folder = "\(path)/journal"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        return Dictionary(
            uniqueKeysWithValues: names.map { ($0, FileManager.default.contents(atPath: "\(folder)/\($0)") ?? Data()) })
    }
}

extension Repair {
    /// Repairs once no process has the file open.
    func performWhenClosed(at time: Instant) async throws -> Outcome {
        try await whenClosed { () throws(JournalError) in try perform(at: time) }
    }

    /// Looks once no process has the file open.
    func lookWhenClosed() async throws -> Findings {
        try await whenClosed { () throws(JournalError) in try look() }
    }

    /// A child of another test has the file until it runs its program.
    private func whenClosed<Result>(_ work: () throws(JournalError) -> Result) async throws -> Result {
        var result: Result?
        try await eventually("no other process has the journal open") {
            do throws(JournalError) {
                result = try work()
            } catch {
                guard error.kind == .busy else { throw error }
            }
            return result != nil
        }
        return try #require(result)
    }
}
