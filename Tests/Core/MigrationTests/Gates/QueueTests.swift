import Migration
import Testing

@Suite("Who waits for a server of the new color")
struct QueueTests {
    private let rule = TrafficRule(backend: "be", servers: [.blue: "blue-*", .green: "green-*"])

    private func finding(_ watch: Watch, share: Percent = .all) -> TrafficJudgement.Finding? {
        watch.findings(Analysis.LoadBalancers(queue: 20), share: share).first { $0.sample.gate == "queue" }
    }

    /// What is said after each of these looks, a second apart.
    private func verdicts(_ queued: [Int], own: [Int] = [], edge: LoadBalancerID = "edge-1") -> [Verdict?] {
        var watch = Watch(rule, edges: ["edge-1", "edge-2"])
        return queued.enumerated().map { index, count in
            watch.look(
                [:], [edge: ServerCounters(queued: count)],
                own: ServerCounters(queued: own.indices.contains(index) ? own[index] : 0))
            return finding(watch)?.sample.verdict
        }
    }

    @Test("holds a step where too many wait, and fails the color where they do for seconds")
    func lasts() {
        #expect(
            verdicts([0, 20, 21, 30, 25, 21]) == [.pass, .pass, .inconclusive, .inconclusive, .inconclusive, .fail])
        #expect(verdicts([0, 21, 30, 25, 21], edge: "edge-2").last == .fail)
    }

    @Test("lets a burst pass")
    func burst() {
        #expect(verdicts([0, 90, 90, 90, 20, 90, 90, 90]).filter { $0 == .fail } == [])
        #expect(verdicts([0, 90, 0]).last == .pass)
    }

    @Test("counts who waits for any server, too")
    func any() {
        #expect(verdicts([10, 10, 10, 10], own: [11, 11, 11, 11]).last == .fail)
        #expect(verdicts([10, 10, 10, 10], own: [10, 10, 10, 10]).last == .pass)
    }

    @Test("counts from the step on only, and says nothing before the new color has a share")
    func step() {
        var watch = Watch(rule)
        for _ in 0..<5 { watch.look([:], ["edge-1": ServerCounters(queued: 50)]) }
        #expect(finding(watch)?.sample.verdict == .fail)
        #expect(
            finding(watch)?.sample.message == "edge-1/be: 50 requests wait for a server, limit 20, for 3s and longer")
        #expect(finding(watch, share: .none) == nil)
        watch.tally.beginStep()
        watch.look([:], ["edge-1": ServerCounters(queued: 50)])
        #expect(finding(watch)?.holds == true)
        #expect(finding(watch)?.sample.verdict == .inconclusive)
    }

    @Test("is not asked of a load balancer that counts none")
    func uncounted() {
        var watch = Watch(rule)
        watch.countsQueue = false
        watch.look([:], ["edge-1": ServerCounters(queued: 50)])
        #expect(finding(watch)?.sample.message == "be: no load balancer has said who waits so far")
        #expect(finding(watch)?.holds == true)
    }
}
