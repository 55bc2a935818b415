import Foundation
import Glibc
import Migration
import Testing

@testable import Journal

@Suite("The journal's file")
struct FileTests {
    @Test("is made for its owner alone, synced at each commit, and names what it is")
    func made() async throws {
        let home = try Home()
        let journal = try home.open()
        _ = try await journal.append([.runPaused], run: "r-1", epoch: nil, at: noon)
        #expect(try home.mode(of: "journal") == 0o700)
        #expect(try home.mode(of: "journal/shop.sqlite") == 0o600)
        #expect(try home.mode(of: "journal/shop.sqlite-wal") == 0o600)
        #expect(try await journal.setting("synchronous") == "2")
        #expect(try await journal.setting("journal_mode") == "wal")
        #expect(try await journal.setting("application_id") == String(0x727A_6A31))
        #expect(try await journal.setting("user_version") == "2")
    }

    @Test("is synced at each commit when it is opened again, too")
    func reopened() async throws {
        let home = try Home()
        try await home.filled(with: 1)
        #expect(try await home.open().setting("synchronous") == "2")
    }

    @Test("is made once by many at once, and nothing else is left")
    func race() async throws {
        let home = try Home()
        try await withThrowingTaskGroup { group in
            for number in 1...12 {
                group.addTask {
                    let journal = try home.open()
                    _ = try await journal.append([.noted(text: "\(number)")], run: "r-1", epoch: nil, at: noon)
                }
            }
            try await group.waitForAll()
        }
        #expect(try await home.open().events(of: "r-1", after: 0).count == 12)
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(home.path)/journal")
        #expect(names.allSatisfy { $0.hasPrefix("shop.sqlite") })
    }

    @Test("is not made by reading; its absence says that there was no run")
    func absent() async throws {
        let home = try Home()
        let error = await journalError { _ = try home.open(readOnly: true) }
        #expect(error?.kind == .missing)
        #expect(error?.description.contains("shop has had no run yet") == true)
        #expect(error?.description.contains("rz update shop") == true)
        #expect(!FileManager.default.fileExists(atPath: "\(home.path)/journal"))
    }

    @Test("of a newer rz is refused unchanged, to read and to write", arguments: [true, false])
    func newer(_ readOnly: Bool) async throws {
        let home = try Home()
        try await home.filled(with: 1)
        try home.tamper("PRAGMA user_version = 3")
        let error = await journalError { _ = try home.open(readOnly: readOnly) }
        #expect(error?.kind == .newer)
        #expect(error?.description.contains("Use the newer rz") == true)
    }

    @Test("that is another program's is refused", arguments: [true, false])
    func foreign(_ readOnly: Bool) async throws {
        let home = try Home()
        try FileManager.default.createDirectory(atPath: "\(home.path)/journal", withIntermediateDirectories: true)
        _ = FileManager.default.createFile(atPath: home.file, contents: nil)
        try home.tamper("CREATE TABLE cookies (a)")
        #expect(await journalError { _ = try home.open(readOnly: readOnly) }?.kind == .foreign)
    }

    @Test("that is no database is called damaged, and stays as it is", arguments: [true, false])
    func garbage(_ readOnly: Bool) async throws {
        let home = try Home()
        try FileManager.default.createDirectory(atPath: "\(home.path)/journal", withIntermediateDirectories: true)
        let garbage = Data(repeating: 0x78, count: 5000)
        _ = FileManager.default.createFile(atPath: home.file, contents: garbage)
        #expect(await journalError { _ = try home.open(readOnly: readOnly) }?.kind == .corrupt)
        #expect(FileManager.default.contents(atPath: home.file) == garbage)
    }

    @Test("that was emptied is called damaged, not filled again", arguments: [true, false])
    func emptied(_ readOnly: Bool) async throws {
        let home = try Home()
        try await home.filled(with: 3)
        truncate(home.file, 0)
        let error = await journalError { _ = try home.open(readOnly: readOnly) }
        #expect(error?.kind == .corrupt)
        #expect(error?.description.contains(home.file) == true)
        #expect(FileManager.default.contents(atPath: home.file)?.isEmpty == true)
    }

    @Test(
        "is never looked for outside its folder, nor by a name that is an option or two lines",
        arguments: [
            "", ".", "..", "../x", "a/b", ".hidden", "-x", "--force", "a\nb", "a b", String(repeating: "x", count: 101),
        ])
    func names(_ name: String) throws {
        let home = try Home()
        let error = #expect(throws: JournalError.self) { try Journal(environment: name, home: home.path) }
        #expect(error?.kind == .missing)
        #expect(try FileManager.default.contentsOfDirectory(atPath: home.path).isEmpty)
    }

    @Test("that can't be made says where and why")
    func noFolder() async throws {
        let home = try Home()
        _ = FileManager.default.createFile(atPath: "\(home.path)/journal", contents: nil)
        let error = await journalError { _ = try home.open() }
        #expect(error?.kind == .readOnly)
        #expect(error?.path?.hasPrefix("\(home.path)/journal") == true)
        #expect(error?.advice?.contains("RZ_HOME") == true)
    }

    @Test("opened to read can't be written")
    func readOnly() async throws {
        let home = try Home()
        try await home.filled(with: 1)
        let journal = try home.open(readOnly: true)
        let failed = await failure { _ = try await journal.append([.runPaused], run: "r-1", epoch: nil, at: noon) }
        #expect(failed?.summary.contains("can't be written") == true)
        #expect(await journalError { _ = try await journal.acquire(purpose: "", at: noon) }?.kind == .readOnly)
        #expect(await journalError { _ = try await journal.newRun(at: noon) }?.kind == .readOnly)
    }
}

@Suite("What lies beside the journal's file")
struct SideFileTests {
    @Test("may lose its -shm: nothing is lost", arguments: [true, false])
    func shm(_ readOnly: Bool) async throws {
        let home = try Home()
        await leaveWAL(home)
        #expect(unlink(home.file + "-shm") == 0)
        let journal = try home.open(readOnly: readOnly)
        #expect(try await journal.verify().events == 8)
        #expect(try await home.open().append([.runPaused], run: "r-1", epoch: nil, at: noon).map(\.sequence) == [9])
    }

    @Test("must not lose its -wal: what is left is shorter, and only a head that someone noted reports")
    func wal() async throws {
        let home = try Home()
        await leaveWAL(home)
        // From a copy: a connection that is still open here would share what it knows of the `-wal`.
        let copy = try Home()
        try FileManager.default.copyItem(atPath: "\(home.path)/journal", toPath: "\(copy.path)/journal")
        let head = try await copy.open(readOnly: true).verify().checksum
        unlink(home.file + "-shm")
        #expect(unlink(home.file + "-wal") == 0)
        // Sound, for nothing in it tells; its head does.
        let left = try await home.open().verify()
        #expect(left.events < 8)
        #expect(left.checksum != head)
        // The epoch was given out before the events that are lost, and is never given out again.
        #expect(try await home.open().currentLock()?.epoch == 1)
    }

    private func leaveWAL(_ home: Home) async {
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = home.path as String] in
            let journal = try Home.journal(in: path)
            let lock = try await journal.acquire(purpose: "", at: noon)
            for number in 1...8 {
                _ = try await journal.append(
                    [.noted(text: "\(number)")], run: "r-1", epoch: lock.epoch, at: noon)
            }
            kill(getpid(), SIGKILL)
        }
    }
}

/// As a user without rights: root may write everywhere.
@Suite("A journal that may not be written")
struct RightsTests {
    @Test("says so, and what to do", arguments: [(0o444, 0o555), (0o444, 0o755), (0o644, 0o555)])
    func readOnly(_ fileMode: Int, _ folderMode: Int) async throws {
        let home = try Home()
        try await home.filled(with: 3)
        chmod(home.path, 0o755)
        chmod(home.file, mode_t(fileMode))
        chmod("\(home.path)/journal", mode_t(folderMode))
        defer { chmod("\(home.path)/journal", 0o755) }
        await #expect(processExitsWith: .success) { [path = home.path as String] in
            if getuid() == 0 { try #require(setuid(65534) == 0) }
            for readOnly in [true, false] {
                let failed = await failure {
                    let journal = try Home.journal(in: path, readOnly: readOnly)
                    _ = try await journal.append([.runPaused], run: "r-1", epoch: nil, at: noon)
                }
                try #require(failed?.advice?.contains("right") == true, "\(failed.map(String.init) ?? "no failure")")
                try #require(failed?.place == "\(path)/journal/shop.sqlite")
            }
        }
    }

    @Test("and is older says that it can't be brought up to date")
    func older() async throws {
        let home = try Home()
        try await home.madeByOldRZ(events: 3)
        chmod(home.path, 0o755)
        chmod(home.file, 0o444)
        chmod("\(home.path)/journal", 0o777)
        await #expect(processExitsWith: .success) { [path = home.path as String] in
            if getuid() == 0 { try #require(setuid(65534) == 0) }
            let error = await journalError { _ = try Home.journal(in: path, readOnly: true) }
            try #require(error?.kind == .older, "\(error.map(String.init) ?? "no error")")
        }
        // SQLite gave its two files beside the mode of the first.
        for suffix in ["", "-wal", "-shm"] { chmod(home.file + suffix, 0o644) }
        #expect(try await home.open().verify().events == 3)
    }
}
