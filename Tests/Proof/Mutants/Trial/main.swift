import Foundation
import Migration
import Simulation
import Synchronization

/// Looks for the first promise that a mutant breaks: in every late change, reload, clock jump, hand-over, partial
/// return, overtaking, shrunk source and drain of users who keep coming, then in runs from seed 0 on, of the small model
/// and its relatives in turn, then where a Prometheus tells how users fare, under limits, by limits of error classes, and
/// where the old color does not answer, in runs beside the update, and in the small model. Prints where it was and ends with 1; with 0 when there is
/// none.

let runs = CommandLine.arguments.dropFirst().first.flatMap { UInt64($0) } ?? 3000
let explored = CommandLine.arguments.dropFirst(2).first.flatMap { Int($0) } ?? 2500
let scenario = try Scenario.small()
let various = try Scenario.various()

/// The seed that is tried; a run that takes two minutes of this process's own time will never end, nor will what is tried before.
let current = Atomic<UInt64>(0)
let allTried = DispatchSemaphore(value: 0)
Thread.detachNewThread {
    var (seed, began) = (UInt64(0), clock())
    while allTried.wait(timeout: .now() + 1) == .timedOut {
        let now = current.load(ordering: .relaxed)
        if now != seed { (seed, began) = (now, clock()) }
        guard clock() - began > 120 * Int(CLOCKS_PER_SEC) else { continue }
        print("liveness, seed \(seed): it works for ever and gets nowhere")
        exit(1)
    }
}

if let first = LateChanges(scenario).broken.first {
    print("\(first.promise), late changes: \(first.explanation)")
    exit(1)
}
if let first = Reloads(scenario).broken.first {
    print("\(first.promise), reloads: \(first.explanation)")
    exit(1)
}
if let first = ClockJumps(scenario).broken.first {
    print("\(first.promise), clock jumps: \(first.explanation)")
    exit(1)
}
if let first = JobHandOvers(scenario).broken.first {
    print("\(first.promise), hand-overs: \(first.explanation)")
    exit(1)
}
if let first = PartialReturns(try Scenario.twoBackends()).broken.first {
    print("\(first.promise), partial returns: \(first.explanation)")
    exit(1)
}
if let first = Overtakings(scenario).broken.first {
    print("\(first.promise), overtakings: \(first.explanation)")
    exit(1)
}
if let first = LateChanges(try Scenario.governed()).broken.first {
    print("\(first.promise), late changes under limits: \(first.explanation)")
    exit(1)
}
if let first = LostServers(try Scenario.governed()).broken.first {
    print("\(first.promise), lost servers: \(first.explanation)")
    exit(1)
}
if let first = MovedTasks(try Scenario.ofTasks()).broken.first {
    print("\(first.promise), moved tasks: \(first.explanation)")
    exit(1)
}
if let first = KeptUsers(try Scenario.remembering()).broken.first {
    print("\(first.promise), kept users: \(first.explanation)")
    exit(1)
}
if let first = ClockJumps(try Scenario.governed()).broken.first {
    print("\(first.promise), clock jumps under limits: \(first.explanation)")
    exit(1)
}
for hasMesos in [false, true] {
    if let first = ShrunkSources(try Scenario.small(hasMesos: hasMesos)).broken.first {
        print("\(first.promise), shrunk sources: \(first.explanation)")
        exit(1)
    }
}
for seed in 0..<runs {
    current.store(seed, ordering: .relaxed)
    let report = SimulatedRun(various[Int(seed % UInt64(various.count))], seed: seed).perform()
    if let first = report.broken.first {
        print("\(first.promise), seed \(seed): \(first.explanation)")
        exit(1)
    }
}
let relatives =
    [
        ("tasks", try Scenario.ofTasks()), ("measured", try Scenario.measured()), ("blind", try Scenario.blind()),
        ("under limits", try Scenario.governed()), ("by classes", try Scenario.classified()),
    ]
    + (try Scenario.unreachable().map { ("unreachable", $0) })
for (number, (name, scenario)) in relatives.enumerated() {
    for seed in 0..<(runs / 8) {
        current.store(runs + UInt64(number) * runs + seed, ordering: .relaxed)
        let lies: Set<Lie>? =
            switch (name, seed % 2) {
            case ("unreachable", 0): []
            case ("blind", 0): [.longSessions]
            case ("by classes", 0): [.sickness]
            default: nil
            }
        guard let first = SimulatedRun(scenario, seed: seed, lies: lies).perform().broken.first else { continue }
        print("\(first.promise), \(name), seed \(seed): \(first.explanation)")
        exit(1)
    }
}
let upkeep = try Upkeep()
for seed in 0..<runs {
    current.store(runs * 11 + seed, ordering: .relaxed)
    if let first = try upkeep.run(seed)?.perform().broken.first {
        print("\(first.promise), upkeep seed \(seed): \(first.explanation)")
        exit(1)
    }
}
allTried.signal()
let exploration = Exploration(try Scenario.small(startTime: 0, isBrief: true)).explore(limit: explored)
if let first = exploration.broken.first {
    print("\(first.promise), small model, run \(exploration.runs): \(first.explanation)")
    exit(1)
}
