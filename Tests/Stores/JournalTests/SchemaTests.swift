import Foundation
import Glibc
import Migration
import Testing

@testable import Journal

@Suite("A journal of another rz")
struct SchemaTests {
    @Test("that was older is brought up to date by the first to open it, and loses nothing", arguments: [true, false])
    func older(_ readOnly: Bool) async throws {
        let home = try Home()
        try await home.madeByOldRZ(events: 12)
        let journal = try home.open(readOnly: readOnly)
        #expect(
            try await journal.events(of: "r-1", after: 0).map(\.kind) == (1...12).map { .noted(text: "hello \($0)") })
        #expect(try await journal.verify().events == 12)
        #expect(try await journal.setting("user_version") == "2")
        let writer = try home.open()
        #expect(try await writer.append([.runPaused], run: "r-1", epoch: nil, at: noon).map(\.sequence) == [13])
        #expect(try await writer.acquire(purpose: "", at: noon).epoch == 8)
        // Another rz's arithmetic agrees.
        let python = try Child("python3", ["-c", pythonWriter, home.file, "r-2", "2"])
        #expect(await python.ended() == "done\n")
        #expect(try await home.open(readOnly: true).verify().events == 15)
    }

    @Test("that was older and damaged stays as it is", arguments: [true, false])
    func olderAndDamaged(_ readOnly: Bool) async throws {
        let home = try Home()
        try await home.madeByOldRZ(events: 12)
        try home.tamper("UPDATE events SET payload = '{}' WHERE sequence = 7")
        let before = FileManager.default.contents(atPath: home.file)
        let error = await journalError { _ = try home.open(readOnly: readOnly) }
        #expect(error?.kind == .corrupt)
        #expect(error?.message.contains("event 7 ") == true)
        #expect(FileManager.default.contents(atPath: home.file) == before)
    }

    @Test("that works now keeps its journal until it has ended")
    func inUse() async throws {
        let home = try Home()
        try await home.madeByOldRZ(events: 3)
        let me = ProcessIdentity.own
        try home.tamper(
            """
            UPDATE lock SET id = 'x', owner = 'anna', host = '\(me.host)', boot = '\(me.boot)', pid = \(me.pid),
                namespace = '\(me.namespace)', start = '\(me.start)', purpose = 'run r-1', acquired = '\(noon)'
            """)
        let error = await journalError { _ = try home.open() }
        #expect(error?.kind == .older)
        #expect(error?.description.contains("pid \(me.pid)") == true)
        try home.tamper("UPDATE lock SET id = NULL")
        #expect(try await home.open().verify().events == 3)
    }

    @Test("is brought along every step, in order, and all of the way or not at all")
    func steps() async throws {
        let home = try Home()
        try await home.madeByOldRZ(events: 3)
        let future = Schema(
            version: 4,
            steps: Schema.current.steps + [
                Schema.Step(from: 2) { database throws(JournalError) in
                    try database.execute("CREATE TABLE places (name TEXT)")
                },
                Schema.Step(from: 3) { database throws(JournalError) in
                    try database.execute("INSERT INTO places VALUES ('here')")
                },
            ])
        let broken = Schema(
            version: 5,
            steps: future.steps + [
                Schema.Step(from: 4) { database throws(JournalError) in try database.execute("no such thing") }
            ])
        let error = #expect(throws: JournalError.self) { try home.open(as: broken) }
        #expect(error?.kind == .broken)
        #expect(error?.message.contains("syntax error") == true)
        #expect(try Database(path: home.file, readOnly: true).integer("PRAGMA user_version") == 1)
        let journal = try home.open(as: future)
        #expect(try await journal.verify().events == 3)
        #expect(try await journal.setting("user_version") == "4")
        #expect(try Database(path: home.file, readOnly: true).rows("SELECT name FROM places").first?.text(0) == "here")
        // This rz knows nothing of it, and says so.
        for readOnly in [true, false] {
            let error = await journalError { _ = try home.open(readOnly: readOnly) }
            #expect(error?.kind == .newer)
            #expect(error?.description.contains("schema 4, this one knows 2") == true)
        }
        #expect(try await home.open(as: future).verify().events == 3)
    }

    @Test("that came while a process had it open is noticed by that process", arguments: [true, false])
    func meanwhile(_ readOnly: Bool) async throws {
        let home = try Home()
        try await home.filled(with: 3)
        let journal = try home.open(readOnly: readOnly)
        #expect(try await journal.events(of: "r-1", after: 0).count == 3)
        _ = try home.open(as: Schema(version: 3, steps: [Schema.Step(from: 2) { _ throws(JournalError) in }]))
        let failed = await failure { _ = try await journal.events(of: "r-1", after: 0) }
        #expect(failed?.summary.contains("newer rz") == true)
        let refused = await failure { _ = try await journal.append([.runPaused], run: "r-1", epoch: nil, at: noon) }
        #expect(refused != nil)
    }

    @Test("that was never in use is called damaged")
    func never() async throws {
        let home = try Home()
        try await home.filled(with: 1)
        try home.tamper("PRAGMA user_version = 0")
        #expect(await journalError { _ = try home.open() }?.kind == .corrupt)
    }
}

extension Home {
    func open(as schema: Schema) throws -> Journal {
        var file = try JournalFile(environment: "shop", home: path)
        file.schema = schema
        return try Journal(file, secrets: { Secrets() }, readOnly: false)
    }
}
