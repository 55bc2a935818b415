import Foundation
import JSON
import Migration

@testable import Journal
@testable import Planning

let journalTargets: [FuzzTarget] = [
    FuzzTarget(
        "events",
        tokens: ["\"type\":\"step.started\"", "\"seq\":", "\"failure\":{", "\"share\":\"1%\"", "Infinity", "\n"]
    ) { bytes in
        var events: [Event] = []
        for line in bytes.text.split(whereSeparator: \.isNewline) {
            guard let event = try outcome({ try EventCoding.event(fromLine: String(line)) }) else { continue }
            let written = try EventCoding.line(for: event)
            let again = try EventCoding.event(fromLine: written)
            try require(try EventCoding.line(for: again) == written, "an event is read back: \(written.prefix(300))")
            events.append(event)
        }
        let state = RunState(run: "r-1", events: events)
        _ = Event.Kind.runCompleted
        try require(state.sequence == (events.last?.sequence ?? state.sequence), "a state knows its last event")
    },
    FuzzTarget(
        "plan",
        tokens: ["\"steps\":[", "\"needs\":[", "\"bake\":\"1m\"", "\"weight\":\"1%\"", "\"id\":", "-1s", "null"]
    ) { bytes in
        guard let plan = try outcome({ try PlanCoding.plan(from: bytes) }) else { return }
        let again = try PlanCoding.plan(from: Array(PlanCoding.text(of: plan).utf8))
        try require(again == plan, "a plan is read back the same")
        try require(plan.world.differences(to: plan.world).isEmpty, "a world does not differ from itself")
        _ = (plan.estimate, plan.phases)
        var state = RunState(run: "r-1")
        let opening = Event.Kind.runStarted(environment: "shop", plan: plan.id, from: .blue, to: .green, by: "anna")
        state = evolve(state, Event(run: "r-1", sequence: 1, time: plan.createdAt, kind: opening))
        _ = decide(state, plan, now: plan.createdAt)
    },
    FuzzTarget(
        "exports",
        tokens: ["{\"record\":\"digest\",", "\"seq\":", "\"record\":\"trailer\"", "\"head\":{", "-1", "\n"]
    ) { bytes in
        let path = NSTemporaryDirectory() + "rz-fuzz-export-\(UUID().uuidString).jsonl"
        try Data(bytes).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        guard let found = try outcome({ try Evidence.verify(path) }) else { return }
        try require(found.events + found.digests == found.header.events, "a sound export has every event")
        try require(bytes.last == UInt8(ascii: "\n"), "a sound export ends with a line's end")
    },
]
