import JSON
import Migration
import Testing

@testable import Journal

@Suite("An event's line")
struct EventLineTests {
    @Test("is read back as the event that was written", arguments: Samples.kinds)
    func roundTrip(_ kind: Event.Kind) throws {
        let event = Event(run: "r-1", sequence: 12, time: noon, kind: kind)
        let line = try EventCoding.line(for: event)
        #expect(try EventCoding.event(fromLine: line) == event)
        #expect(!line.contains("\n"))
    }

    @Test("shows controls as escapes, so that no outside system moves a cursor or adds a line")
    func controls() throws {
        let text = "a\u{1B}[2Jb\nc\u{9B}1Ad\u{202E}e\u{7F}"
        let shown = #"a\u001b[2Jb\nc\u009b1Ad\u202ee\u007f"#
        let event = Event(run: "r-1", sequence: 1, time: noon, kind: .noted(text: text))
        #expect(try EventCoding.event(fromLine: EventCoding.line(for: event)).kind == .noted(text: shown))
        // A line of an older rz, or of another's export.
        let line = try EventCoding.line(for: Event(run: "r-1", sequence: 1, time: noon, kind: .noted(text: "MARK")))
            .replacing("MARK", with: #"a\u001b[2Jb\nc\u009b1Ad\u202ee\u007f"#)
        #expect(try EventCoding.event(fromLine: line).kind == .noted(text: shown))
    }

    @Test("is flat, its type before its own fields")
    func form() throws {
        func line(_ kind: Event.Kind) throws -> String {
            try EventCoding.line(for: Event(run: "r-20261123-0007", sequence: 12, time: noon, kind: kind))
        }
        let head = "{\"time\":\"2026-11-23T12:00:00.000Z\",\"run\":\"r-20261123-0007\",\"seq\":12,\"type\":"
        #expect(try line(.stepStarted(step: "x", attempt: 1)) == head + #""step.started","attempt":1,"step":"x"}"#)
        #expect(try line(.trafficReturnIntended) == head + #""traffic.returnIntended"}"#)
        #expect(try line(.noted(text: "x/y")) == head + #""noted","text":"x/y"}"#)
    }

    @Test("keeps an event's own keys apart from those of all events", arguments: Samples.kinds)
    func keys(_ kind: Event.Kind) throws {
        let coded = try EventCoding.encode(kind, redacting: Secrets())
        #expect(EventCoding.reservedKeys.allSatisfy { coded.payload[$0] == nil })
    }

    @Test("can report a rate that is no number")
    func notANumber() throws {
        var sample = Samples.traffic
        sample.errorRate = .nan
        sample.share = -.infinity
        let event = Event(run: "r-1", sequence: 1, time: noon, kind: .trafficSampled(samples: [sample]))
        let read = try EventCoding.event(fromLine: try EventCoding.line(for: event))
        guard case .trafficSampled(let samples) = read.kind else { throw Failure("another kind") }
        #expect(samples.first?.errorRate.isNaN == true)
        #expect(samples.first?.share == -.infinity)
    }

    @Test(
        "that is none is refused with what is wrong",
        arguments: [
            "", "{", "[]", "{}", #"{"time":"yesterday","run":"r","seq":1,"type":"noted","text":""}"#,
            #"{"time":"2026-11-23T12:00:00.000Z","run":"r","seq":1,"type":"step.started","step":"a"}"#,
        ])
    func malformed(_ line: String) throws {
        let error = #expect(throws: JournalError.self) { try EventCoding.event(fromLine: line) }
        #expect(error?.kind == .unreadable)
        #expect(error?.message.isEmpty == false)
    }
}
