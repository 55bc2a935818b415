import Foundation
import Migration
import Simulation
import Synchronization

/// Looks for the first promise that a mutant breaks: in the suites without chance, then in runs from seed 0 on, of the
/// small model and its relatives in turn, in runs beside the update, and in the small model. Prints where it was and
/// ends with 1; with 0 when there is none.

let runs = CommandLine.arguments.dropFirst().first.flatMap { UInt64($0) } ?? 3000
let explored = CommandLine.arguments.dropFirst(2).first.flatMap { Int($0) } ?? 2500

/// What is tried, and by which time of this process's own (CPU) it has come to an end, unless it never does.
let (trialTime, suiteTime) = (120 * Int(CLOCKS_PER_SEC), 600 * Int(CLOCKS_PER_SEC))
let current = Mutex((place: "", end: Int.max))
let watchdog = DispatchSource.makeTimerSource(queue: .global())
watchdog.setEventHandler { @Sendable in
    let (place, end) = current.withLock { $0 }
    guard clock() > end else { return }
    print("liveness, \(place): it works for ever and gets nowhere")
    exit(1)
}
watchdog.schedule(deadline: .now(), repeating: .seconds(1))
watchdog.resume()

@MainActor func demand(_ place: String, within time: Int = trialTime, _ broken: () throws -> BrokenPromise?) rethrows {
    current.withLock { $0 = (place, clock() + time) }
    guard let first = try broken() else { return }
    print("\(first.promise), \(place): \(first.explanation)")
    exit(1)
}

let scenario = try Scenario.small()
let governed = try Scenario.governed()
let suites: [(String, () throws -> [BrokenPromise])] = [
    ("late changes", { LateChanges(scenario).broken }),
    ("reloads", { Reloads(scenario).broken }),
    ("clock jumps", { ClockJumps(scenario).broken }),
    ("hand-overs", { JobHandOvers(scenario).broken }),
    ("partial returns", { PartialReturns(try Scenario.twoBackends()).broken }),
    ("overtakings", { Overtakings(scenario).broken }),
    ("late changes under limits", { LateChanges(governed).broken }),
    ("lost servers", { LostServers(governed).broken }),
    ("broken listings", { BrokenListings(try Scenario.registered()).broken }),
    ("moved tasks", { MovedTasks(try Scenario.ofTasks()).broken }),
    ("kept users", { KeptUsers(try Scenario.remembering()).broken }),
    ("clock jumps under limits", { ClockJumps(governed).broken }),
    ("altered tasks", { AlteredTasks(try Scenario.small(hasMesos: true)).broken }),
    ("shrunk sources", { ShrunkSources(scenario).broken }),
    ("shrunk sources beside Mesos", { ShrunkSources(try Scenario.small(hasMesos: true)).broken }),
]
for (name, broken) in suites { try demand(name, within: suiteTime) { try broken().first } }

let various = try Scenario.various()
for run in OnceBroken.all {
    demand("\(run)") { SimulatedRun(various[run.scenario], seed: run.seed).perform().broken.first }
}
for seed in 0..<runs {
    demand("seed \(seed)") {
        SimulatedRun(various[Int(seed % UInt64(various.count))], seed: seed).perform().broken.first
    }
}
let relatives =
    [
        ("tasks", try Scenario.ofTasks()), ("measured", try Scenario.measured()), ("blind", try Scenario.blind()),
        ("drill", try Scenario.drill()), ("under limits", governed), ("by classes", try Scenario.classified()),
    ]
    + (try Scenario.unreachable().map { ("unreachable", $0) })
for (name, scenario) in relatives {
    for seed in 0..<(runs / 8) {
        let lies: Set<Lie>? =
            switch (name, seed % 2) {
            case ("unreachable", 0): []
            case ("blind", 0): [.longSessions]
            case ("by classes", 0): [.sickness]
            default: nil
            }
        demand("\(name), seed \(seed)") { SimulatedRun(scenario, seed: seed, lies: lies).perform().broken.first }
    }
}
let upkeep = try Upkeep()
for seed in 0..<runs { try demand("upkeep seed \(seed)") { try upkeep.run(seed)?.perform().broken.first } }
try demand("small model", within: suiteTime) {
    Exploration(try Scenario.small(startTime: 0, isBrief: true)).explore(limit: explored).broken.first
}
