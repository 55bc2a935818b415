import Dispatch
import Foundation
import Glibc
import Migration
import SandboxTesting

/// `make crash-test`: ends rz at every kill point of a real move in a real sandbox, goes on, and compares.
@main
struct CrashTest {
    let options: Options
    let artifacts: String
    let began = ContinuousClock.now

    static func main() async {
        do {
            let variables = ProcessInfo.processInfo.environment
            var options = try Options(variables)
            if geteuid() != 0, variables["SIGNAL"] != Mode.Blow.powerLoss.rawValue {
                say("not root: no loss of power, which needs a file system of its own")
                options.modes.removeAll { $0.blow == .powerLoss }
            }
            let test = CrashTest(
                options: options,
                artifacts: variables["RZ_CRASH_ARTIFACTS"] ?? Program.checkout.appending(path: ".build/crash-test").path
            )
            let work = Task { try await test.run() }
            let signals = [SIGINT, SIGTERM].map { number in
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                // Not on the main actor, which the closure would take for its own.
                source.setEventHandler { @Sendable in work.cancel() }
                source.resume()
                return source
            }
            defer { for source in signals { source.cancel() } }
            exit(try await work.value ? 0 : 1)
        } catch {
            say("crash-test: \(error)")
            exit(1)
        }
    }

    private var losesPower: Bool { options.modes.contains { $0.blow == .powerLoss } }

    private func run() async throws -> Bool {
        try? FileManager.default.removeItem(atPath: artifacts)
        try FileManager.default.createDirectory(atPath: artifacts, withIntermediateDirectories: true)
        say("seed \(options.seed); \(options.jobs) sandboxes; the reference move")
        let first = FirstSite(try CrashSite())
        let schedule: Schedule
        let reference: Reference
        do {
            reference = try await lookAround(first.site)
            schedule = Schedule(
                try choose(reference), order: options.modes, anchor: reference.anchor,
                perMove: options.points.isEmpty ? options.perMove : .max, seed: options.seed)
        } catch {
            await CrashTest.remove(first.site)
            throw error
        }
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<options.jobs {
                group.addTask { await work(schedule, reference.end, number == 0 ? first : nil) }
            }
        }
        return await report(schedule)
    }

    /// What a move is like that nobody disturbs.
    private struct Reference {
        var points: [Point]
        /// By what takes a move back.
        var wayBack: [Mode.Remedy: [Point]] = [:]
        /// Where a move was that was taken back: as late as it can be.
        var anchor: Point?
        var end: EndState
    }

    private func lookAround(_ site: CrashSite) async throws -> Reference {
        try await site.build(losesPower: losesPower)
        let move = try await site.cleanMove()
        var reference = Reference(points: move.points, end: move.end)
        reference.anchor = move.points.last { $0.text.hasPrefix("soak/") && $0.text.contains("stepWaiting") }
        for remedy in Set(options.modes.map(\.remedy)).subtracting([.resume]) where looksBack {
            guard let anchor = reference.anchor else { break }
            let back = try await site.cleanReturn(remedy.rawValue, at: anchor)
            let known = Set(move.points.map(\.text))
            reference.wayBack[remedy] = back.filter { !known.contains($0.text) }.enumerated().map { index, point in
                Point(number: move.points.count + index + 1, text: point.text, isOnWayBack: true)
            }
        }
        var list = move.points.map { "\($0.number)  \($0)\n" }.joined()
        say("\(move.points.count) kill points in a move")
        for (remedy, points) in reference.wayBack.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            list += "\nTHEN=\(remedy.rawValue)\n" + points.map { "\($0.number)  \($0)\n" }.joined()
            say("\(points.count) more on the way back by \(remedy.rawValue)")
        }
        try list.write(toFile: artifacts + "/points.txt", atomically: true, encoding: .utf8)
        say("their names: \(artifacts)/points.txt")
        return reference
    }

    /// The site of the reference, handed over once, to the first worker.
    private final class FirstSite: @unchecked Sendable {
        let site: CrashSite
        init(_ site: CrashSite) { self.site = site }
    }

    /// Removes a sandbox, also when the task was cancelled.
    private static func remove(_ site: CrashSite) async {
        let going = FirstSite(site)
        await Task.detached { try? await going.site.remove() }.value
    }

    // MARK: - Choosing

    private func choose(_ reference: Reference) throws -> [Mode: [Point]] {
        var generator = SeededGenerator(seed: options.seed)
        var chosen: [Mode: [Point]] = [:]
        let found = try bugs()
        for (index, mode) in options.modes.enumerated() {
            let all = reference.points + reference.wayBack[mode.remedy, default: []]
            if !options.points.isEmpty {
                chosen[mode] = try options.points.map { name in
                    try require(
                        all.first { $0.text == name || String($0.number) == name }, "there is no kill point \(name)")
                }
                continue
            }
            let possible = all.filter(isPossible(mode))
            guard let count = options.count else {
                chosen[mode] = possible
                continue
            }
            let share = share(of: mode, number: index, count)
            let known = possible.filter { found.contains(Substring("\(mode) \($0)")) }
            let others = possible.filter { !known.contains($0) }
            // On the way there each needs a move of its own, on the way back one move has room for many.
            let back = others.filter(\.isOnWayBack)
            let there = back.isEmpty ? share : max(1, share / 10)
            chosen[mode] =
                known + others.filter { !$0.isOnWayBack }.shuffled(using: &generator).prefix(there)
                + back.shuffled(using: &generator).prefix(share - there)
        }
        return chosen
    }

    /// Whether moves are to be struck down on their way back, which costs a whole move to begin with.
    private var looksBack: Bool { options.count == nil || !options.modes.contains { $0.remedy == .resume } }

    /// Of a sample. A move that is taken back can't be struck down at many points: beside others it gets one.
    private func share(of mode: Mode, number: Int, _ count: Int) -> Int {
        let resumed = options.modes.count { $0.remedy == .resume }
        if resumed == 0 || resumed == options.modes.count {
            return count / options.modes.count + (number < count % options.modes.count ? 1 : 0)
        }
        guard mode.remedy == .resume else { return 1 }
        let left = max(0, count - (options.modes.count - resumed))
        return left / resumed + (number < left % resumed ? 1 : 0)
    }

    /// Points at which a bug was found once: they are in every sample.
    private func bugs() throws -> [Substring] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "bugs.txt")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }
    }

    /// An rz that stands still before it took the lock, or after it gave it back, owns nothing that could be taken.
    private func isPossible(_ mode: Mode) -> (Point) -> Bool {
        { point in
            mode.blow != .stop
                || !["run: acquire the lock #1 before", "run: release the lock #1 after"].contains(point.text)
        }
    }

    // MARK: - Working

    private func work(_ schedule: Schedule, _ reference: EndState, _ first: FirstSite?) async {
        var site = first?.site
        while !Task.isCancelled, let journey = await schedule.next() {
            let start = ContinuousClock.now
            var outcome: Outcome
            do {
                let place: CrashSite
                if let site {
                    place = site
                } else {
                    place = try CrashSite()
                    site = place
                    try await place.build(losesPower: losesPower)
                }
                outcome = try await place.perform(journey, reference: reference)
            } catch {
                outcome = Outcome(problems: ["\(error)"])
            }
            if Task.isCancelled { break }
            let seconds = Int((ContinuousClock.now - start) / .seconds(1))
            if outcome.problems.isEmpty {
                await schedule.finish(journey, missed: outcome.missed)
                let hit = journey.points.count - outcome.missed.count
                say("\(await schedule.passed) of \(schedule.total)  \(journey.mode): \(hit) points, \(seconds) s")
            } else {
                await schedule.fail(journey)
                await keep(outcome, of: journey, site, number: await schedule.failed.count)
                if let site { await CrashTest.remove(site) }
                site = nil
            }
        }
        if let site { await CrashTest.remove(site) }
    }

    private func keep(_ outcome: Outcome, of journey: Journey, _ site: CrashSite?, number: Int) async {
        say(
            "FAILED  \(command(journey))\n" + outcome.problems.map { "    \($0)\n" }.joined()
                + "    what was said: \(artifacts)/failure-\(number).txt")
        let text = command(journey) + "\n" + outcome.problems.joined(separator: "\n") + "\n\n" + outcome.story
        try? text.write(toFile: "\(artifacts)/failure-\(number).txt", atomically: true, encoding: .utf8)
    }

    /// What repeats a journey.
    private func command(_ journey: Journey) -> String {
        "make crash-test POINT='\(journey.points.map(\.text).joined(separator: " | "))' \(journey.mode)"
    }

    // MARK: - Telling

    private func report(_ schedule: Schedule) async -> Bool {
        let failed = await schedule.failed
        let unreached = await schedule.unreached
        for journey in unreached { say("not reached: \(command(journey))") }
        for journey in failed { say("failed: \(command(journey))") }
        let seconds = Int((ContinuousClock.now - began) / .seconds(1))
        say(
            "\(await schedule.passed) of \(schedule.total) kill points passed, \(unreached.count) not reached, "
                + "\(failed.count) moves failed; seed \(options.seed), \(seconds) s")
        return failed.isEmpty
    }
}

/// A line for whoever waits, at once.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
