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

    /// A journal as the first rz made it, with this many events of `r-1`.
    func madeByOldRZ(events count: Int) async throws {
        try FileManager.default.createDirectory(atPath: "\(path)/journal", withIntermediateDirectories: true)
        let python = try Child("python3", ["-c", pythonOldJournal, file, "\(count)"])
        guard await python.ended() == "done\n" else { throw Failure("python made no journal") }
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

    init(_ executable: String, _ arguments: [String], input: FileHandle? = nil) throws {
        if let input { process.standardInput = input }
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

/// What every Python script here begins with: the chain of events, written from the description of the format alone.
private let pythonChain = """
    import hashlib, json, sqlite3, sys
    def digest(fields):
        return hashlib.sha256("".join(f"{len(f.encode())}:{f}" for f in fields).encode()).hexdigest()
    def link(checksum, sequence, event):
        return digest([checksum, str(sequence), digest(event)])
    """

/// Appends events as rz does. Arguments: file, run, count.
let pythonWriter =
    pythonChain + """

        path, run, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
        db = sqlite3.connect(path, timeout=30, isolation_level=None)
        db.execute("PRAGMA synchronous = FULL")
        for number in range(count):
            db.execute("BEGIN IMMEDIATE")
            sequence, checksum = db.execute("SELECT sequence, checksum FROM head").fetchone()
            event = [run, "2026-11-23T12:00:00.000Z", "noted", '{"text":"from python, ünïcode"}']
            checksum = link(checksum, sequence + 1, event)
            db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", [sequence + 1] + event + [checksum])
            db.execute("UPDATE head SET sequence = ?, checksum = ?", [sequence + 1, checksum])
            db.execute("COMMIT")
        print("done")
        """

/// Is stopped in the middle of writing. Argument: file.
let pythonStoppedWriter = """
    import os, signal, sqlite3, sys
    db = sqlite3.connect(sys.argv[1], isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    os.kill(os.getpid(), signal.SIGSTOP)
    db.execute("ROLLBACK")
    print("done")
    """

/// Makes a journal as the first rz did, whose chain was formed another way. Arguments: file, count.
let pythonOldJournal =
    pythonChain + """

        path, count = sys.argv[1], int(sys.argv[2])
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(\"\"\"
            CREATE TABLE events (
                sequence INTEGER PRIMARY KEY, run TEXT NOT NULL, time TEXT NOT NULL, type TEXT NOT NULL,
                payload TEXT NOT NULL, checksum TEXT NOT NULL);
            CREATE INDEX events_by_run ON events (run, sequence);
            CREATE TABLE head (
                one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL, checksum TEXT NOT NULL);
            INSERT INTO head VALUES (1, 0, '');
            CREATE TABLE runs (id TEXT PRIMARY KEY);
            CREATE TABLE plans (id TEXT PRIMARY KEY, json TEXT NOT NULL, checksum TEXT NOT NULL);
            CREATE TABLE lock (
                one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, id TEXT, owner TEXT, host TEXT,
                boot TEXT, namespace TEXT, pid INTEGER, start TEXT, purpose TEXT, acquired TEXT);
            INSERT INTO lock (one, epoch) VALUES (1, 7);
            PRAGMA application_id = 1920625201;
            PRAGMA user_version = 1;
        \"\"\")
        checksum = ""
        for sequence in range(1, count + 1):
            event = ["r-1", "2026-11-23T12:00:00.000Z", "noted", '{"text":"hello %d"}' % sequence]
            checksum = digest([checksum, str(sequence)] + event)
            db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", [sequence] + event + [checksum])
            db.execute("UPDATE head SET sequence = ?, checksum = ?", [sequence, checksum])
        db.close()
        print("done")
        """

/// Checks an export as docs/formats.md tells. Argument: file.
let pythonVerifier =
    pythonChain + """

        lines = open(sys.argv[1], "rb").read().decode().split("\\n")
        assert lines.pop() == ""
        records = [json.loads(line) for line in lines]
        header, trailer = records[0], records[-1]
        checksum, sequence, counts = "", 0, {"plan": 0, "run": 0, "event": 0, "digest": 0}
        for record in records[1:-1]:
            kind = record["record"]
            counts[kind] += 1
            if kind == "plan":
                assert hashlib.sha256(record["json"].encode()).hexdigest() == record["checksum"]
            if kind in ("event", "digest"):
                sequence += 1
                own = record.get("digest") or digest([record[k] for k in ("run", "time", "type", "payload")])
                checksum = digest([checksum, str(sequence), own])
                assert (record["seq"], record["checksum"]) == (sequence, checksum), record
        assert header["head"] == {"seq": sequence, "checksum": checksum}
        assert [trailer[k] for k in ("plans", "events", "digests")] == [counts[k] for k in ("plan", "event", "digest")]
        del header["exportedAt"]
        first = json.dumps(header, separators=(",", ":"), ensure_ascii=False)
        whole = "".join(line + "\\n" for line in [first] + lines[1:-1])
        assert hashlib.sha256(whole.encode()).hexdigest() == trailer["digest"]
        print("sound")
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
