import Foundation
import Migration
import Simulation
import Testing

@Suite("Simulated runs")
struct SeedTests {
    private static let variables = ProcessInfo.processInfo.environment

    /// `RZ_SIMULATE_SEED` begins elsewhere, `RZ_SIMULATE_RUNS` says how many follow it. `make simulate` takes fresh ones.
    private static let seed = variables["RZ_SIMULATE_SEED"].flatMap { UInt64($0) } ?? 0
    private static let runs = variables["RZ_SIMULATE_RUNS"].flatMap { UInt64($0) } ?? 1200

    @Test("keep every promise, whatever goes wrong and however the world lies")
    func seeds() throws {
        print("simulated runs: RZ_SIMULATE_SEED=\(Self.seed) RZ_SIMULATE_RUNS=\(Self.runs)")
        let scenarios = try Scenario.various()
        for seed in Self.seed..<(Self.seed + Self.runs) {
            demandPromises(scenarios[Int(seed % UInt64(scenarios.count))], seed)
        }
    }

    @Test(
        "keep every promise where they once broke one, beyond those that are always tried",
        arguments: OnceBroken.all)
    func onceBroken(_ run: OnceBroken) throws {
        demandPromises(try Scenario.various()[run.scenario], run.seed)
    }

    @Test("keep every promise under each lie by itself", arguments: Lie.allCases)
    func oneLie(_ lie: Lie) throws {
        for (number, scenario) in try Scenario.various().enumerated() {
            let first = Self.seed + UInt64(number) * 1000
            for seed in first..<(first + max(1, Self.runs / 200)) { demandPromises(scenario, seed, lies: [lie]) }
        }
    }

    @Test(
        "take no server away that serves users, and only what hands did, where drift is taken back or a color is built")
    func upkeep() throws {
        let upkeep = try Upkeep()
        var ends: [String: Int] = [:]
        for seed in Self.seed..<(Self.seed + Self.runs * 3) {
            guard let report = try upkeep.run(seed)?.perform() else { continue }
            ends["\(report.end)", default: 0] += 1
            guard !report.broken.isEmpty else { continue }
            let trace = try upkeep.run(seed, isTracing: true)?.perform().trace ?? []
            Issue.record("seed \(seed): \(report.broken)\n\(trace.suffix(60).joined(separator: "\n"))")
        }
        // Many seeds have plans that are blocked, or have nothing to do.
        #expect(ends["done", default: 0] > Int(Self.runs))
        #expect(ends["rolledBack", default: 0] > Int(Self.runs) / 2)
    }

    @Test("keep every promise where a Prometheus alone reports how users fare, and says nothing at times")
    func measured() throws {
        let scenario = try Scenario.measured()
        for seed in Self.seed..<(Self.seed + max(1, Self.runs / 8)) { demandPromises(scenario, seed) }
        for seed in Self.seed..<(Self.seed + max(1, Self.runs / 20)) {
            demandPromises(scenario, seed, lies: [.sickness])
        }
    }

    @Test("keep every promise where each error class has a limit of its own, second tries that no user feels included")
    func classes() throws {
        let scenario = try Scenario.classified()
        for seed in Self.seed..<(Self.seed + max(1, Self.runs / 8)) { demandPromises(scenario, seed) }
        for lie in [Lie.retried, .sickness] {
            for seed in Self.seed..<(Self.seed + max(1, Self.runs / 20)) {
                demandPromises(scenario, seed, lies: [lie])
            }
        }
    }

    @Test("keep every promise in a drill, and end where they began")
    func drill() throws {
        let scenario = try Scenario.drill()
        var drilled = 0
        for seed in Self.seed..<(Self.seed + max(8, Self.runs / 4)) {
            let report = demandPromises(scenario, seed)
            #expect(report.end != .done)
            if report.isDrilled { drilled += 1 }
        }
        #expect(drilled > Int(Self.runs / 16))
    }

    @Test("keep every promise where load balancers count nothing, and only time shows that the old color is quiet")
    func blind() throws {
        let scenario = try Scenario.blind()
        for seed in Self.seed..<(Self.seed + max(1, Self.runs / 8)) { demandPromises(scenario, seed) }
        for seed in Self.seed..<(Self.seed + max(1, Self.runs / 20)) {
            demandPromises(scenario, seed, lies: [.longSessions])
        }
    }

    @Test("keep every promise when a change arrives after its sender's death, behind the next one's back")
    func lateChanges() throws {
        let late = LateChanges(try Scenario.small())
        #expect(late.runs > 200)
        #expect(late.broken.isEmpty, "\(late.broken.map(\.description).joined(separator: "\n"))")
    }

    @Test(
        "keep every promise when a load balancer is reloaded, whenever that is, and loses the servers that were added to it",
        arguments: ["listed", "registered", "registered in a switch"])
    func reloads(servers: String) throws {
        let reloads =
            switch servers {
            case "listed": Reloads(try Scenario.small())
            case "registered": Reloads(try Scenario.registered())
            default: Reloads(try Scenario.registeredInSwitch())
            }
        #expect(reloads.runs > 700)
        #expect(reloads.broken.isEmpty, "\(reloads.broken.map(\.description).joined(separator: "\n"))")
    }

    @Test("list again what a reload lost, wherever the connection breaks over which that is done")
    func brokenListings() throws {
        let listings = BrokenListings(try Scenario.registered())
        #expect(listings.runs >= 40, "\(listings.runs)")
        #expect(listings.broken.isEmpty, "\(listings.broken.map(\.description).joined(separator: "\n"))")
    }

    @Test(
        "keep every promise when a framework reports less than it runs, whenever that is", arguments: [false, true])
    func shrunkSources(hasMesos: Bool) throws {
        let shrunk = ShrunkSources(try Scenario.small(hasMesos: hasMesos))
        #expect(shrunk.runs > 500)
        #expect(shrunk.halts > 200)
        #expect(shrunk.broken.isEmpty, "\(shrunk.broken.map(\.description).joined(separator: "\n"))")
    }

    @Test("pass no gate while Mesos reports other tasks than the old color has, whenever that begins")
    func alteredTasks() throws {
        let altered = AlteredTasks(try Scenario.small(hasMesos: true))
        #expect(altered.timely > 10)
        #expect(altered.runs > altered.timely)
        #expect(altered.broken.isEmpty, "\(altered.broken.map(\.description).joined(separator: "\n"))")
    }

    @Test("keep every promise where Mesos reports what runs and a framework does not")
    func shrunkWithMesos() throws {
        let scenario = try Scenario.small(hasMesos: true)
        for seed in Self.seed..<(Self.seed + max(1, Self.runs / 20)) {
            demandPromises(scenario, seed, lies: [.shrunkSource])
        }
    }

    @Test("keep every promise when the clock is set, forward or back, all along a run")
    func clockJumps() throws {
        let jumps = ClockJumps(try Scenario.small())
        #expect(jumps.runs > 150)
        #expect(jumps.broken.isEmpty, "\(jumps.broken.map(\.description).joined(separator: "\n"))")
    }

    @Test("keep the limits of the cutover, whatever goes wrong")
    func limits() throws {
        let scenario = try Scenario.governed()
        for seed in Self.seed..<(Self.seed + max(1, Self.runs / 8)) { demandPromises(scenario, seed) }
        let jumps = ClockJumps(scenario)
        #expect(jumps.runs > 150)
        #expect(jumps.broken.isEmpty, "\(jumps.broken.map(\.description).joined(separator: "\n"))")
        let late = LateChanges(scenario)
        #expect(late.runs > 200)
        #expect(late.broken.isEmpty, "\(late.broken.map(\.description).joined(separator: "\n"))")
        let lost = LostServers(scenario)
        #expect(lost.runs > 60)
        #expect(lost.broken.isEmpty, "\(lost.broken.map(\.description).joined(separator: "\n"))")
    }

    @Test("follow tasks that are restarted on other ports")
    func movedTasks() throws {
        let moved = MovedTasks(try Scenario.ofTasks())
        #expect(moved.runs > 20, "\(moved.runs)")
        #expect(moved.broken.isEmpty, "\(moved.broken.map(\.description).joined(separator: "\n"))")
        for seed in UInt64(0)..<60 {
            let report = SimulatedRun(try Scenario.ofTasks(), seed: seed).perform()
            #expect(report.broken.isEmpty, "seed \(seed): \(report.broken)")
        }
    }

    @Test("move users who are remembered and keep coming, end no session of theirs, and come to the end of the drain")
    func keptUsers() throws {
        let kept = KeptUsers(try Scenario.remembering())
        #expect(kept.runs > 10, "\(kept.runs)")
        #expect(kept.broken.isEmpty, "\(kept.broken.map(\.description).joined(separator: "\n"))")
    }

    @Test("start a missed run at most once, whenever rz dies while it makes up for it")
    func jobHandOvers() throws {
        let handOvers = JobHandOvers(try Scenario.small())
        #expect(handOvers.runs > 150)
        #expect(handOvers.broken.isEmpty, "\(handOvers.broken.map(\.description).joined(separator: "\n"))")
    }

    @Test("keep every promise where the old color does not answer, and bring its users to the new one")
    func unreachable() throws {
        let scenarios = try Scenario.unreachable()
        var done = 0
        for seed in Self.seed..<(Self.seed + max(4, Self.runs / 3)) {
            let report = demandPromises(
                scenarios[Int(seed % UInt64(scenarios.count))], seed, lies: seed % 2 == 0 ? [] : nil)
            if report.end == .done { done += 1 }
        }
        #expect(done > Int(Self.runs / 6))
    }

    @Test("return what can return, whatever keeps the rest from it")
    func partialReturns() throws {
        let returns = PartialReturns(try Scenario.twoBackends())
        #expect(returns.runs == 12)
        #expect(returns.broken.isEmpty, "\(returns.broken.map(\.description).joined(separator: "\n"))")
    }

    @Test("keep every promise when an rz that waited for a program goes on after another took over")
    func overtakings() throws {
        let overtakings = Overtakings(try Scenario.small())
        #expect(overtakings.runs == 5)
        #expect(overtakings.broken.isEmpty, "\(overtakings.broken.map(\.description).joined(separator: "\n"))")
    }

    @Test("give the same trace for the same seed, byte for byte", arguments: [1, 7, 42, 4711] as [UInt64])
    func replay(seed: UInt64) throws {
        let scenario = try Scenario.small()
        let first = SimulatedRun(scenario, seed: seed, isTracing: true).perform()
        let second = SimulatedRun(try Scenario.small(), seed: seed, isTracing: true).perform()
        #expect(first.trace.count > 10)
        #expect(first.trace == second.trace)
    }

    @Test("differ from seed to seed")
    func difference() throws {
        let scenario = try Scenario.small()
        let traces = (0..<20 as Range<UInt64>).map { SimulatedRun(scenario, seed: $0, isTracing: true).perform().trace }
        #expect(Set(traces).count == 20)
    }

    @discardableResult
    private func demandPromises(
        _ scenario: Scenario, _ seed: UInt64, lies: Set<Lie>? = nil
    ) -> SimulatedRun.Report {
        let report = SimulatedRun(scenario, seed: seed, lies: lies).perform()
        guard !report.broken.isEmpty else { return report }
        let trace = SimulatedRun(scenario, seed: seed, lies: lies, isTracing: true).perform().trace
        Issue.record("seed \(seed): \(report.broken)\n\(trace.suffix(60).joined(separator: "\n"))")
        return report
    }
}
