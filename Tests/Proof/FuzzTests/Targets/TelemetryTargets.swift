import Foundation
import JSON
import Migration
import Operations
import Reporting

@testable import Planning
@testable import Publishing

let telemetryTargets: [FuzzTarget] = [
    FuzzTarget(
        "telemetry",
        tokens: [
            "\"samples\":[[", "\"green\"", "\"run\":\"r-1\"", "1e308", "-0.0", "null", "9223372036854775807", "\n",
        ]
    ) { bytes in
        guard let plan = try Samples.of("plan").lazy.compactMap({ try? PlanCoding.plan(from: $0) }).first else {
            throw Violation("no sample of a plan can be read")
        }
        var state = RunState(run: "r-1")
        let kinds: [Event.Kind] = [
            .runStarted(environment: "shop", plan: plan.id, from: .blue, to: .green, by: "anna"),
            .phaseEntered(phase: .cutOver), .trafficIntended(share: Percent(10)),
        ]
        for (index, kind) in kinds.enumerated() {
            state = evolve(state, Event(run: "r-1", sequence: index + 1, time: plan.createdAt, kind: kind))
        }
        for line in bytes.split(separator: 10) {
            guard let reading = TelemetryLine.reading(of: line, run: "r-1") else { continue }
            let again = TelemetryLine.text(of: reading, run: "r-1")
            let same = TelemetryLine.reading(of: Array(again.utf8), run: "r-1")
            try require(same?.samples.count == reading.samples.count, "a look is read back: \(again.prefix(300))")
            try require(same?.open == reading.open, "its sessions are read back: \(again.prefix(300))")
            _ = LiveView(plan).lines(state, now: plan.createdAt, traffic: reading)
        }
    }
]
