import Migration
import Testing

@Suite("How fast a share grows")
struct SharePaceTests {
    private func pace(_ events: (Int64, Event.Kind)...) -> SharePace {
        var pace = SharePace()
        for (time, event) in events { pace.take(event, at: .seconds(time)) }
        return pace
    }

    private func verified(_ share: Int) -> Event.Kind { .trafficVerified(share: Percent(share), loadBalancers: []) }
    private func intended(_ share: Int) -> Event.Kind { .trafficIntended(share: Percent(share)) }

    private func wait(_ pace: SharePace, before share: Int, at time: Int64) -> Period? {
        pace.wait(before: Percent(share), Percent(20), now: .seconds(time))
    }

    @Test("lets a first raise pass, and none that is larger than the limit, however long one waits")
    func first() {
        #expect(wait(SharePace(), before: 20, at: 0) == .zero)
        #expect(wait(SharePace(), before: 21, at: 10_000) == nil)
        #expect(wait(pace((0, verified(50))), before: 71, at: 10_000) == nil)
    }

    @Test("holds the next raise until the minute has passed")
    func minute() {
        let pace = pace((0, intended(20)), (2, verified(20)))
        #expect(wait(pace, before: 40, at: 3) == .seconds(59))
        #expect(wait(pace, before: 40, at: 62) == .zero)
        #expect(wait(pace, before: 20, at: 3) == .zero)
    }

    @Test("counts all raises of a minute together")
    func together() {
        let pace = pace((0, verified(10)), (30, verified(20)))
        #expect(wait(pace, before: 30, at: 40) == .seconds(20))
        #expect(wait(pace, before: 40, at: 40) == .seconds(50))
    }

    @Test("takes the share for what it was before where no one read back what a step had moved")
    func unread() {
        #expect(wait(pace((0, verified(20)), (90, intended(40))), before: 40, at: 91) == .zero)
        #expect(wait(pace((0, verified(20)), (90, intended(40))), before: 41, at: 91) == nil)
        // Undone: it may have been that low until then.
        let undone = pace((0, verified(20)), (90, intended(40)), (95, intended(20)), (100, verified(40)))
        #expect(wait(undone, before: 50, at: 101) == .seconds(59))
    }

    @Test("begins again where the traffic went back")
    func back() {
        let pace = pace((0, verified(20)), (60, verified(40)), (61, .trafficReturnIntended))
        #expect(wait(pace, before: 20, at: 62) == .zero)
        #expect(wait(pace, before: 40, at: 500) == nil)
    }

    @Test("grows by no more than the limit within any minute, whatever is asked for and when")
    func never() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<200 {
            var pace = SharePace()
            var shares: [(time: Int64, share: Percent)] = [(-60_000, .none)]
            var time: Int64 = 0
            for _ in 0..<30 {
                time += Int64.random(in: 0...40_000, using: &generator)
                let share = Percent(Int.random(in: 0...100, using: &generator))
                let now = Period(milliseconds: time)
                if Int.random(in: 0..<8, using: &generator) == 0 {
                    pace.take(.trafficReturnIntended, at: now)
                    shares.append((time, .none))
                }
                guard let wait = pace.wait(before: share, Percent(20), now: now) else { continue }
                pace.take(intended(share.thousandths / 1000), at: now)
                time += wait.milliseconds + Int64.random(in: 0...3_000, using: &generator)
                pace.take(verified(share.thousandths / 1000), at: Period(milliseconds: time))
                let recent = shares.indices.filter { index in
                    index + 1 == shares.count || shares[index + 1].time > time - 60_000
                }
                let lowest = recent.map { shares[$0].share }.min() ?? .none
                #expect(share.thousandths - lowest.thousandths <= 20_000)
                shares.append((time, share))
            }
        }
    }
}

@Suite("The steps of a cutover under limits.maxStep")
struct PacedStepsTests {
    private func gate(_ steps: (Int, Period)...) -> CutOverGate {
        CutOverGate(steps: steps.map { .init(share: Percent($0.0), bake: $0.1) })
    }

    @Test("are as they are where they keep it")
    func kept() {
        let slow = gate((20, .minutes(1)), (40, .minutes(2)), (60, .minutes(1)), (80, .minutes(1)), (100, .zero))
        #expect(slow.problem(at: Percent(20)) == nil)
        #expect(gate((5, .seconds(30)), (20, .seconds(60)), (100, .zero)).problem(at: Percent(80)) == nil)
        #expect(gate((100, .zero)).problem(at: .all) == nil)
    }

    @Test("are split and slowed where they don't, and the message shows how to write them")
    func split() throws {
        let problem = try #require(gate((100, .minutes(5))).problem(at: Percent(40)))
        #expect(problem.contains("the step from 0 % to 100 % is larger"))
        #expect(
            problem.contains(
                "[{ share: 40%, bake: 1m }, { share: 80%, bake: 1m }, { share: 100%, bake: 5m }]"))
        let fast = gate((10, .seconds(20)), (30, .seconds(20)), (50, .seconds(20)), (100, .seconds(20)))
        let slowed = try #require(fast.problem(at: Percent(50)))
        #expect(slowed.contains("the step from 50 % to 100 % comes 40s too early"))
        #expect(
            fast.steps(at: Percent(50))
                == gate(
                    (10, .seconds(20)), (30, .seconds(20)), (50, .seconds(60)), (100, .seconds(20))
                ).steps)
    }

    @Test("are shown with their pauses as they were written")
    func pauses() throws {
        let gate = CutOverGate(steps: [
            .init(share: Percent(10), bake: .minutes(1), pause: .init()),
            .init(
                share: .all, bake: .minutes(1),
                pause: .init(ApprovalDemand(2), reason: "Is \"shop\" fine?", limit: .hours(8))),
        ])
        let problem = try #require(gate.problem(at: Percent(50)))
        #expect(problem.contains("{ share: 10%, bake: 1m, pause: {} }"), "\(problem)")
        #expect(
            problem.contains(#"bake: 1m, pause: { count: 2, reason: "Is \"shop\" fine?", limit: 8h } }]"#), "\(problem)"
        )
    }

    @Test("keep it once they were split, whatever they were")
    func always() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<300 {
            let shares = Set((0..<4).map { _ in Int.random(in: 1...99, using: &generator) }).sorted() + [100]
            let steps = shares.map {
                CutOverGate.Step(
                    share: Percent($0), bake: .seconds(Int64.random(in: 0...90, using: &generator)))
            }
            let limit = Percent(Int.random(in: 1...100, using: &generator))
            let paced = CutOverGate(steps: CutOverGate(steps: steps).steps(at: limit))
            #expect(paced.problem(at: limit) == nil)
            #expect(shares.allSatisfy { share in paced.steps.contains { $0.share == Percent(share) } })
            var pace = SharePace()
            var time = Period.zero
            for step in paced.steps {
                #expect(pace.wait(before: step.share, limit, now: time) == .zero)
                pace.take(.trafficVerified(share: step.share, loadBalancers: []), at: time)
                time = time + step.bake
            }
        }
    }
}
