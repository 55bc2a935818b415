import Foundation
import Migration
import Simulation

/// Looks for the first promise that a mutant breaks: in runs from seed 0 on, every fourth with a service that may run in
/// one color only, then in every late change, then in the small model. Prints where it was and ends with 1; with 0 when there is none.

let runs = CommandLine.arguments.dropFirst().first.flatMap { UInt64($0) } ?? 3000
let explored = CommandLine.arguments.dropFirst(2).first.flatMap { Int($0) } ?? 2500
let scenario = try Scenario.small()
let exclusive = try Scenario.small(exclusive: true)

for seed in 0..<runs {
    let isExclusive = seed % 4 == 3
    let report = SimulatedRun(isExclusive ? exclusive : scenario, seed: seed).perform()
    if let first = report.broken.first {
        print("\(first.promise), seed \(seed)\(isExclusive ? ", exclusive" : ""): \(first.explanation)")
        exit(1)
    }
}
if let first = LateChanges(scenario).broken.first {
    print("\(first.promise), late changes: \(first.explanation)")
    exit(1)
}
let exploration = Exploration(try Scenario.small(startTime: 0, isBrief: true)).explore(limit: explored)
if let first = exploration.broken.first {
    print("\(first.promise), small model, run \(exploration.runs): \(first.explanation)")
    exit(1)
}
