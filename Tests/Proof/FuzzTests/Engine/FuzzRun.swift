import Foundation
import Testing

/// Gives a target mutated samples, and keeps what breaks it.
///
/// `RZ_FUZZ_SEED=N` replays the one seed; `RZ_FUZZ_RUNS=N` makes N times as many inputs; `RZ_FUZZ_TARGET=NAME` leaves out
/// all other targets.
struct FuzzRun {
    private static let standardRuns = 300
    private static let standardSeed: UInt64 = 1

    let target: FuzzTarget

    /// The seed that is always the same, and one that was never tried before.
    static let seeds: [UInt64] = {
        if let given = ProcessInfo.processInfo.environment["RZ_FUZZ_SEED"].flatMap({ UInt64($0) }) { return [given] }
        return [standardSeed, UInt64.random(in: 2...999_999)]
    }()

    /// The targets that this process is to try.
    static let targets = FuzzTarget.all.filter { target in
        ProcessInfo.processInfo.environment["RZ_FUZZ_TARGET"].map { $0 == target.name } ?? true
    }

    private static let scale = max(1, ProcessInfo.processInfo.environment["RZ_FUZZ_RUNS"].flatMap { Int($0) } ?? 1)

    func perform() throws {
        let samples = try Samples.of(target.name)
        try #require(!samples.isEmpty, "no samples for \(target.name)")
        let watch = try Watch(target: target.name)
        defer { watch.end() }
        for sample in samples { try check(sample, "a sample of \(target.name)", watch) }
        for seed in FuzzRun.seeds {
            print("fuzz \(target.name): seed \(seed)")
            var mutator = Mutator(samples: samples, tokens: target.tokens, seed: seed)
            for run in 0..<(FuzzRun.standardRuns * FuzzRun.scale) {
                try check(mutator.next(), "\(target.name), seed \(seed), run \(run)", watch)
            }
        }
    }

    private func check(_ input: [UInt8], _ name: String, _ watch: Watch) throws {
        watch.begin(input, name)
        do {
            try target.check(input)
        } catch {
            let path = watch.keep(input)
            Issue.record("\(name): \(error); the input is in \(path)")
            throw error
        }
    }
}
