import Foundation
import Glibc
import Migration

@testable import Journal

/// A home of its own for one test, gone with it.
final class Home: Sendable {
    let path: String
    var file: String { "\(path)/journal/shop.sqlite" }

    init() throws {
        path = NSTemporaryDirectory() + "rz-journal-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func open(readOnly: Bool = false, hiding secrets: String...) throws -> Journal {
        try Home.journal(in: path, readOnly: readOnly, hiding: secrets)
    }

    /// For processes that were told the path only.
    static func journal(in path: String, readOnly: Bool = false, hiding texts: [String] = []) throws -> Journal {
        var secrets = Secrets()
        for text in texts { secrets.insert(text) }
        return try Journal(environment: "shop", home: path, secrets: { [secrets] in secrets }, readOnly: readOnly)
    }

    /// A journal with this many events of `r-1`, closed.
    func filled(with count: Int, text: String = "hello") async throws {
        let journal = try open()
        _ = try await journal.append(
            (1...count).map { .noted(text: "\(text) \($0)") }, run: "r-1", epoch: nil, at: noon)
    }

    /// Changes the file behind the journal's back.
    func tamper(_ sql: String) throws {
        try Database(path: file, readOnly: false).execute(sql)
    }

    /// Every byte of the home's files.
    func bytes() throws -> [UInt8] {
        let folder = "\(path)/journal"
        return try FileManager.default.contentsOfDirectory(atPath: folder).flatMap {
            Array(FileManager.default.contents(atPath: "\(folder)/\($0)") ?? Data())
        }
    }

    func mode(of file: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: "\(path)/\(file)")[.posixPermissions] as? Int
    }
}

let noon = Instant(milliseconds: 1_795_435_200_000)

/// A child process whose output is read line by line.
final class Child: Sendable {
    let process = Process()
    private let output = Pipe()

    init(_ executable: String, _ arguments: [String]) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [executable] + arguments
        process.standardOutput = output
        try process.run()
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// All that it writes until its end, read off the cooperative threads.
    func ended() async -> String {
        let handle = output.fileHandleForReading
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let text = String(decoding: handle.readDataToEndOfFile(), as: UTF8.self)
                continuation.resume(returning: text)
            }
        }
    }
}

/// Appends events as rz does, written from the description of the format alone. Arguments: file, run, count.
let pythonWriter = """
    import hashlib, sqlite3, sys
    path, run, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    db = sqlite3.connect(path, timeout=30, isolation_level=None)
    db.execute("PRAGMA synchronous = FULL")
    for number in range(count):
        db.execute("BEGIN IMMEDIATE")
        sequence, checksum = db.execute("SELECT sequence, checksum FROM head").fetchone()
        event = [run, "2026-11-23T12:00:00.000Z", "noted", '{"text":"from python, ünïcode"}']
        fields = [checksum, str(sequence + 1)] + event
        checksum = hashlib.sha256("".join(f"{len(f.encode())}:{f}" for f in fields).encode()).hexdigest()
        db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", [sequence + 1] + event + [checksum])
        db.execute("UPDATE head SET sequence = ?, checksum = ?", [sequence + 1, checksum])
        db.execute("COMMIT")
    print("done")
    """

extension Journal {
    /// Gives the file no more than the pages it has, as a full disk does.
    func fillDisk() throws {
        let pages = try database.integer("PRAGMA page_count") ?? 0
        try database.execute("PRAGMA max_page_count = \(pages)")
    }

    func makeRoom() throws { try database.execute("PRAGMA max_page_count = 1000000") }

    func setting(_ pragma: String) throws -> String? {
        let row = try database.rows("PRAGMA \(pragma)").first
        return row?.text(0) ?? row?.integer(0).map(String.init)
    }

    /// Dies as by a power switch when half of a transaction is written.
    func dieWithinTransaction() throws {
        try database.write { () throws(JournalError) in
            try database.execute("INSERT INTO events VALUES (9, 'r-1', '', 'noted', '{}', '')")
            kill(getpid(), SIGKILL)
        }
    }
}

/// The failure that some work ends with; nil when it succeeds.
func failure(_ work: () async throws -> Void) async -> Failure? {
    do {
        try await work()
        return nil
    } catch let error as JournalError {
        return error.failure
    } catch {
        return error as? Failure
    }
}

func journalError(_ work: () async throws -> Void) async -> JournalError? {
    do {
        try await work()
        return nil
    } catch {
        return error as? JournalError
    }
}
