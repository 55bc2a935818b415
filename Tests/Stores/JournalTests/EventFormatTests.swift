import Foundation
import JSON
import Migration
import Testing

@testable import Journal

/// Golden lines of every kind of event, as each format writes them. Lines of a format that was released are never written
/// again; with `RZ_UPDATE_GOLDEN=1` those of today's are, and the test fails.
@Suite("The format of events")
struct EventFormatTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
    private static let newest = "events-v2.jsonl"

    private static func lines(_ name: String) throws -> [String] {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8).split(separator: "\n").map(String.init)
    }

    @Test("is what it was for every kind, each with its line")
    func golden() throws {
        let text = try Samples.kinds.enumerated().map { number, kind in
            try EventCoding.line(
                for: Event(run: "r-20261123-0007", sequence: number + 1, time: noon, kind: kind)) + "\n"
        }.joined()
        let file = Self.folder.appending(path: Self.newest)
        if ProcessInfo.processInfo.environment["RZ_UPDATE_GOLDEN"] == "1" {
            try text.write(to: file, atomically: true, encoding: .utf8)
            Issue.record("\(Self.newest) was written, and compared with nothing")
        }
        #expect(text == (try String(contentsOf: file, encoding: .utf8)), "differs from \(file.path)")
        let types = try Self.lines(Self.newest).map { try JSON(parsing: $0)["type"]?.string }
        #expect(Set(types) == Set(Event.Kind.Name.allCases.map(\.rawValue)))
    }

    @Test("stays readable, as the same events", arguments: ["events-cff9a7f.jsonl", newest])
    func forEver(_ name: String) throws {
        let lines = try Self.lines(name)
        // Kinds that are newer than a format's golden lines stand at the end.
        #expect(lines.count == Samples.kinds.count || name != Self.newest && lines.count == 55)
        for (line, kind) in zip(lines, Samples.kinds) {
            let event = try EventCoding.event(fromLine: line)
            #expect(event.kind == kind || "\(event.kind)" == "\(shown(kind))", "\(line)")
            // The digests of a journal's chain cover these bytes.
            #expect(try EventCoding.line(for: event) == line)
        }
    }

    @Test("has no name that Swift gives")
    func names() throws {
        for line in try Self.lines(Self.newest) { #expect(!line.contains(#""_0""#), "\(line)") }
    }

    @Test("is in the documentation, each type of event")
    func documented() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/formats.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(Event.Kind.Name.allCases.map(\.rawValue).filter { !text.contains("`\($0)`") } == [])
    }

    @Test("is named by a stream's first line")
    func opening() throws {
        #expect(
            EventCoding.opening(rz: "0.1.0")
                == #"{"type":"version","format":"rz.events","formatVersion":2,"rz":"0.1.0"}"#)
    }

    @Test("of a newer rz is refused by name", arguments: ["step.vanished", "stepStarted", "version"])
    func newer(_ type: String) throws {
        let line = #"{"time":"2026-11-23T12:00:00.000Z","run":"r","seq":1,"type":"\#(type)","step":"a"}"#
        let error = #expect(throws: JournalError.self) { try EventCoding.event(fromLine: line) }
        #expect(error?.kind == .newer)
        #expect(error?.message == "An event of type \(type) was written by a newer rz")
        #expect(error?.advice == "Install a newer rz.")
    }

    /// With controls in texts as escapes, as every event is read.
    private func shown(_ kind: Event.Kind) -> Event.Kind {
        (try? EventCoding.encode(kind, redacting: Secrets()).kind) ?? kind
    }
}
