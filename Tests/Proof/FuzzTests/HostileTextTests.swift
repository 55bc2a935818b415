import Foundation
import JSON
import Journal
import Migration
import Planning
import Reporting
import Testing

/// Ids, names, messages, labels and headers of a plan and of events come from systems that rz does not control. Each text
/// in turn, keys too, is one that would clear the screen, turn the direction of text and begin a line of its own.
@Suite("Hostile texts in every view")
struct HostileTextTests {
    private static let forged = "FORGED"
    private static let hostile = "x\u{1B}[2J\u{9B}2K\u{202E}\u{0}\u{7F}\r\u{2028}\n" + forged
    private static let samples = URL(filePath: #filePath)
        .appending(path: "../../../Stores/JournalTests/Samples-b870475").standardized
    private static let now = Instant(milliseconds: 1_795_455_000_000)

    @Test("a plan's texts make no line of their own in a plan, on a screen, and in the ways back")
    func plans() throws {
        let plan = try JSON(
            parsing: String(contentsOf: HostileTextTests.samples.appending(path: "plan.json"), encoding: .utf8))
        let events = try HostileTextTests.events().compactMap { try? EventCoding.event(fromLine: $0.compact) }
        var shown = 0
        for changed in HostileTextTests.sample(of: plan.withEachText(HostileTextTests.hostile)) {
            guard let read = try? PlanCoding.plan(from: Array(changed.compact.utf8)) else { continue }
            shown += 1
            try expectHarmless(try views(read, RunState(run: "r-20261123-0007", events: events)))
        }
        // Words of rz's own, times and numbers can't be replaced: the plan is not read then.
        #expect(shown > 20, "\(shown) of the plan's texts were tried")
    }

    @Test("an event's texts make no line of their own in a story, on a screen, and in an outcome")
    func events() throws {
        let plan = try PlanCoding.plan(
            from: Array(Data(contentsOf: HostileTextTests.samples.appending(path: "plan.json"))))
        let lines = try HostileTextTests.events()
        var shown = 0
        for (index, line) in lines.enumerated() {
            for changed in line.withEachText(HostileTextTests.hostile) {
                guard let event = try? EventCoding.event(fromLine: changed.compact) else { continue }
                shown += 1
                var story = lines.prefix(index).compactMap { try? EventCoding.event(fromLine: $0.compact) }
                story.append(event)
                let told = [true, false].compactMap { EventLines(plan, style: Style(isColored: $0)).line(for: event) }
                let state = RunState(run: event.run, events: story)
                try expectHarmless(told + [try EventCoding.line(for: event)] + (try views(plan, state)))
            }
        }
        #expect(shown > 60, "\(shown) of the events' texts were tried")
    }

    private func views(_ plan: Plan, _ state: RunState) throws -> [String] {
        let live = LiveView(plan, width: 80).lines(state, now: HostileTextTests.now)
        #expect(live.allSatisfy { !$0.contains("\n") }, "a line of the screen is two")
        return [
            PlanView(plan).text, live.joined(separator: "\n"), Outcome(plan, state).text,
            RemainingSteps(plan, state).text, WayBack.rollback(plan, state).text, WayBack.abort(plan, state).text,
        ]
    }

    private func expectHarmless(_ views: [String], at location: SourceLocation = #_sourceLocation) throws {
        for view in views {
            let shown = Style.plain.guarded(view)
            for line in shown.split(whereSeparator: \.isNewline)
            where line.trimmingCharacters(in: .whitespaces).hasPrefix(HostileTextTests.forged) {
                Issue.record("a text made a line of its own in: \(shown.prefix(3000))", sourceLocation: location)
            }
            let controls = shown.unicodeScalars.filter {
                $0 != "\n" && ($0.properties.generalCategory == .control || $0.properties.generalCategory == .format)
            }
            #expect(controls.isEmpty, "a control is in: \(shown.prefix(3000))", sourceLocation: location)
        }
    }

    /// Each eighth in a usual run, from a place that the seed gives; all of them with `RZ_FUZZ_RUNS`.
    private static func sample<Element>(of all: [Element]) -> [Element] {
        let variables = ProcessInfo.processInfo.environment
        if variables["RZ_FUZZ_RUNS"] != nil { return all }
        let first = Int((variables["RZ_FUZZ_SEED"].flatMap { UInt64($0) } ?? 0) % 8)
        return stride(from: first, to: all.count, by: 8).map { all[$0] }
    }

    private static func events() throws -> [JSON] {
        try String(contentsOf: samples.appending(path: "events.jsonl"), encoding: .utf8).split(separator: "\n").map {
            try JSON(parsing: String($0))
        }
    }
}

extension JSON {
    /// The same value once for each of its strings and keys, with that one replaced.
    fileprivate func withEachText(_ text: String) -> [JSON] {
        var count = 0
        _ = mapTexts {
            count += 1; return $0
        }
        return (0..<count).map { place in
            var index = -1
            return mapTexts {
                index += 1; return index == place ? text : $0
            }
        }
    }
}
