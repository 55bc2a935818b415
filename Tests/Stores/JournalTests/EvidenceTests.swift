import Foundation
import Glibc
import JSON
import Migration
import Testing

@testable import Journal

@Suite("An export")
struct EvidenceTests {
    @Test("holds every event and plan, and is checked without the journal, by rz and by what others write")
    func whole() async throws {
        let home = try Home()
        let journal = try await home.twoRuns()
        let file = "\(home.path)/evidence.jsonl"
        let made = try await journal.export(to: file, rz: "0.1.0", at: noon)
        #expect(made.events == Samples.kinds.count * 2)
        #expect(made.plans == 2)
        let found = try Evidence.verify(file)
        #expect(found.header == made.header)
        #expect(found.events == made.events)
        #expect(found.header.checksum == (try await journal.verify().checksum))
        #expect(try home.mode(of: "evidence.jsonl") == 0o600)
        #expect(await (try Child("python3", ["-c", pythonVerifier, file])).ended() == "sound\n")
        var events: [Event] = []
        var plans: [String] = []
        _ = try Evidence.read(file) { record throws(JournalError) in
            switch record {
            case .event(let content, let position):
                let kind = try EventCoding.decode(type: content.type, payload: content.payload)
                events.append(
                    Event(run: RunID(content.run), sequence: position.sequence, time: noon, kind: kind))
            case .plan(_, let text, _): plans.append(text)
            default: break
            }
        }
        let first = try await journal.events(of: "r-1", after: 0)
        #expect(events == first + (try await journal.events(of: "r-2", after: 0)))
        #expect(plans.allSatisfy { $0.contains("\"commit\":\"c0ffee\"") })
    }

    @Test("of the same journal is the same, but for the time in its header")
    func deterministic() async throws {
        let home = try Home()
        let journal = try await home.twoRuns()
        let files = ["a", "b"].map { "\(home.path)/\($0)" }
        _ = try await journal.export(to: files[0], rz: "0.1.0", at: noon)
        _ = try await home.open(readOnly: true).export(to: files[1], rz: "0.1.0", at: noon + .hours(1))
        let texts = try files.map { try String(contentsOfFile: $0, encoding: .utf8) }
        #expect(texts[0] != texts[1])
        #expect(
            texts[0]
                == texts[1].replacingOccurrences(of: (noon + .hours(1)).description, with: noon.description))
    }

    @Test("of one run shows nothing of the others, and still leads to the journal's head")
    func oneRun() async throws {
        let home = try Home()
        let journal = try await home.twoRuns()
        let file = "\(home.path)/evidence.jsonl"
        let made = try await journal.export(to: file, run: "r-2", rz: "0.1.0", at: noon)
        #expect(made.events == Samples.kinds.count)
        #expect(made.plans == 1)
        let found = try Evidence.verify(file)
        #expect(found.header.run == "r-2")
        #expect(found.digests == Samples.kinds.count)
        #expect(found.header.checksum == (try await journal.verify().checksum))
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(!text.contains("\"r-1\""))
        #expect(!text.contains("p-1"))
        #expect(await (try Child("python3", ["-c", pythonVerifier, file])).ended() == "sound\n")
    }

    @Test("of a run that does not exist leaves no file")
    func unknownRun() async throws {
        let home = try Home()
        let journal = try await home.twoRuns()
        let error = await journalError {
            _ = try await journal.export(to: "\(home.path)/x", run: "r-9", rz: "0", at: noon)
        }
        #expect(error?.kind == .missing)
        #expect(try FileManager.default.contentsOfDirectory(atPath: home.path) == ["journal"])
    }

    @Test("of a damaged journal is refused")
    func damagedJournal() async throws {
        let home = try Home()
        try await home.filled(with: 5)
        try home.tamper("DELETE FROM events WHERE sequence = 3")
        let error = await journalError {
            _ = try await home.open(readOnly: true).export(to: "\(home.path)/x", rz: "0", at: noon)
        }
        #expect(error?.kind == .corrupt)
    }

    /// What was done to the lines of an export (header, plans 1 and 2, then events from line 6 on), and what the error
    /// has to say of it.
    static let damages: [(String, @Sendable (inout [String]) -> Void, String)] = [
        (
            "an event changed", { $0[6] = $0[6].replacingOccurrences(of: "anna", with: "bert") },
            "line 7 (event 2, run.resumed"
        ),
        (
            "a time changed", { $0[9] = $0[9].replacingOccurrences(of: "12:00:00", with: "12:00:01") },
            "line 10 (event 5"
        ),
        (
            "a checksum changed",
            { $0[9] = $0[9].replacingOccurrences(of: "\"checksum\":\"", with: "\"checksum\":\"0") }, "line 10 (event 5"
        ),
        ("an event gone", { $0.remove(at: 9) }, "event 5 is missing: line 10 holds event 6"),
        ("two events exchanged", { $0.swapAt(9, 10) }, "event 5 is missing: line 10 holds event 6"),
        ("an event twice", { $0.insert($0[9], at: 10) }, "event 5 comes a second time"),
        ("the last event gone", { $0.remove(at: $0.count - 3) }, "its last event is"),
        ("a plan changed", { $0[1] = $0[1].replacingOccurrences(of: "c0ffee", with: "c0ffff") }, "line 2 (plan p-1)"),
        ("a plan gone", { $0.remove(at: 1) }, "the trailer's digest differs"),
        (
            "the header changed", { $0[0] = $0[0].replacingOccurrences(of: "\"shop\"", with: "\"shep\"") },
            "the trailer's digest differs"
        ),
        (
            "the epoch changed", { $0[0] = $0[0].replacingOccurrences(of: "\"epoch\":0", with: "\"epoch\":9") },
            "the trailer's digest differs"
        ),
        (
            "an epoch that none can follow",
            { $0[0] = $0[0].replacingOccurrences(of: "\"epoch\":0", with: "\"epoch\":\(Int.max)") },
            "line 1 is not a line that rz writes"
        ),
        ("the trailer gone", { $0.remove(at: $0.count - 2) }, "without a trailer"),
        ("something after the trailer", { $0.insert($0[5], at: $0.count - 1) }, "comes after the trailer"),
        (
            "a value added", { $0[9].replace("{", with: "{\"by\":\"eve\",", maxReplacements: 1) },
            "the trailer's digest differs"
        ),
        ("a line that is no JSON", { $0[9] = "{" }, "line 10 is not JSON"),
        ("a line of something else", { $0[9] = "{\"record\":\"joke\"}" }, "line 10 is not a line that rz writes"),
        ("the file cut off", { $0[$0.count - 1] = "{\"rec" }, "is cut off"),
        ("two headers", { $0.insert($0[0], at: 1) }, "line 2 is a second header"),
        ("everything gone", { $0 = [""] }, "it is empty"),
    ]

    @Test("that was changed says where", arguments: damages.indices)
    func damaged(_ number: Int) async throws {
        let (what, change, words) = EvidenceTests.damages[number]
        let home = try Home()
        let file = "\(home.path)/evidence.jsonl"
        _ = try await home.twoRuns().export(to: file, rz: "0.1.0", at: noon)
        var lines = try String(contentsOfFile: file, encoding: .utf8).components(separatedBy: "\n")
        change(&lines)
        try lines.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
        let error = await journalError { _ = try Evidence.verify(file) }
        #expect(error?.kind == .damagedExport, "\(what)")
        #expect(error?.message.contains(words) == true, "\(what): \(error.map(String.init) ?? "no error")")
        // Nor is a journal made of it.
        let other = try Home()
        #expect(await journalError { _ = try Journal.make(from: file, home: other.path, at: noon) } != nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: other.path).isEmpty)
    }

    @Test("is distinguished from other files, and from those of a newer rz")
    func foreign() async throws {
        let home = try Home()
        let file = "\(home.path)/x"
        try "{\"a\":1}\n".write(toFile: file, atomically: true, encoding: .utf8)
        #expect(await journalError { _ = try Evidence.verify(file) }?.kind == .foreign)
        try "{\"record\":\"header\",\"format\":3}\n".write(toFile: file, atomically: true, encoding: .utf8)
        let newer = await journalError { _ = try Evidence.verify(file) }
        #expect(newer?.kind == .newer)
        #expect(newer?.message == "This export has format 3; this rz reads up to 2")
        #expect(newer?.advice == "Install a newer rz.")
        try "root:x:0:0\n".write(toFile: file, atomically: true, encoding: .utf8)
        #expect(await journalError { _ = try Evidence.verify(file) }?.kind == .foreign)
        for path in ["\(home.path)/none", home.path] {
            #expect(await journalError { _ = try Evidence.verify(path) }?.kind == .missing)
        }
    }

    @Test("takes the place of files only, never of a folder or a device", arguments: ["", "/pipe"])
    func place(_ name: String) async throws {
        let home = try Home()
        mkfifo("\(home.path)/pipe", 0o600)
        let journal = try await home.twoRuns()
        let error = await journalError {
            _ = try await journal.export(to: home.path + name, rz: "0.1.0", at: noon)
        }
        #expect(error?.message.contains("can't be written") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: home.path).sorted() == ["journal", "pipe"])
    }

    @Test("holds no secret")
    func secrets() async throws {
        let home = try Home()
        let journal = try home.open(hiding: "hunter2-hunter2")
        _ = try await journal.append([.noted(text: "it is hunter2-hunter2")], run: "r-1", epoch: nil, at: noon)
        try await journal.save(plan: #"{"password":"hunter2-hunter2"}"#, id: "p-1")
        let file = "\(home.path)/evidence.jsonl"
        _ = try await journal.export(to: file, rz: "0.1.0", at: noon)
        #expect(try !String(contentsOfFile: file, encoding: .utf8).contains("hunter2"))
    }
}

@Suite("A journal made from an export")
struct ImportTests {
    @Test("holds the same, is free, and gives out no epoch or name of a run again")
    func same() async throws {
        let (home, other) = (try Home(), try Home())
        let journal = try await home.twoRuns()
        let lock = try await journal.acquire(purpose: "rz update shop", at: noon)
        let name = try await journal.newRun(at: noon)
        let file = "\(home.path)/evidence.jsonl"
        _ = try await journal.export(to: file, rz: "0.1.0", at: noon)
        let made = try Journal.make(from: file, environment: "shop", home: other.path, at: noon)
        let copy = try other.open()
        #expect(try await copy.verify() == (try await journal.verify()))
        #expect(try await copy.runs() == (try await journal.runs()))
        #expect(try await copy.plan("p-1") == (try await journal.plan("p-1")))
        #expect(try await copy.currentLock() == nil)
        #expect(try await copy.newRun(at: noon) != name)
        // The old host may have gone on after the export: none of its epochs comes near.
        let next = try await copy.acquire(purpose: "rz resume", at: noon)
        #expect(next.epoch > made.epoch)
        #expect(made.epoch >= lock.epoch + 1_000_000)
        let again = try Home()
        #expect(try Journal.make(from: file, home: again.path, at: noon + .seconds(60)).epoch > next.epoch)
    }

    @Test("never takes the place of one with events; an empty one is filled")
    func existing() async throws {
        let (home, other) = (try Home(), try Home())
        let file = "\(home.path)/evidence.jsonl"
        _ = try await home.twoRuns().export(to: file, rz: "0.1.0", at: noon)
        #expect(await journalError { _ = try Journal.make(from: file, home: home.path, at: noon) }?.kind == .exists)
        let empty = try other.open()
        let lock = try await empty.acquire(purpose: "", at: noon)
        #expect(await journalError { _ = try Journal.make(from: file, home: other.path, at: noon) }?.kind == .exists)
        try await empty.release(lock)
        _ = try Journal.make(from: file, home: other.path, at: noon)
        #expect(try await empty.verify().events == Samples.kinds.count * 2)
    }

    @Test("is not made from the export of one run, nor under another name")
    func refused() async throws {
        let (home, other) = (try Home(), try Home())
        let journal = try await home.twoRuns()
        let file = "\(home.path)/evidence.jsonl"
        _ = try await journal.export(to: file, run: "r-1", rz: "0.1.0", at: noon)
        #expect(await journalError { _ = try Journal.make(from: file, home: other.path, at: noon) }?.kind == .partial)
        _ = try await journal.export(to: file, rz: "0.1.0", at: noon)
        let error = await journalError {
            _ = try Journal.make(from: file, environment: "bank", home: other.path, at: noon)
        }
        #expect(error?.kind == .partial)
        #expect(try FileManager.default.contentsOfDirectory(atPath: other.path).isEmpty)
    }
}

extension Home {
    /// A journal with the plans `p-1` and `p-2` and two runs of all kinds of events.
    func twoRuns() async throws -> Journal {
        let journal = try open()
        for number in 1...2 {
            try await journal.save(plan: #"{"id":"p-\#(number)","source":{"commit":"c0ffee"}}"#, id: "p-\(number)")
            let start = Event.Kind.runStarted(
                environment: "shop", plan: "p-\(number)", from: .blue, to: .green, by: "anna")
            _ = try await journal.append(
                [start] + Samples.kinds.dropFirst(), run: RunID("r-\(number)"), epoch: nil, at: noon)
        }
        // Names without events.
        for _ in 1...2 { _ = try await journal.newRun(at: noon) }
        return journal
    }
}
