import Migration
import Testing

@Suite("Weights for a share")
struct WeightsTests {
    static let counts = Array(1...12) + [17, 30, 64, 100, 200, 333]

    @Test("rise for the new color and fall for the old one, step by step", arguments: counts)
    func monotonic(old: Int) {
        for new in Self.counts {
            var before = Weights(newShare: .none, oldServers: old, newServers: new)
            for thousandths in stride(from: 0, through: 100_000, by: 250) {
                let weights = Weights(newShare: Percent(thousandths: thousandths), oldServers: old, newServers: new)
                guard weights.new >= before.new, weights.old <= before.old else {
                    Issue.record("\(old) and \(new) servers, \(thousandths): \(before) → \(weights)")
                    return
                }
                before = weights
            }
        }
    }

    @Test("never take a side away that keeps a part, and stay what a load balancer takes", arguments: counts)
    func bounds(old: Int) {
        for new in Self.counts {
            for thousandths in stride(from: 0, through: 100_000, by: 50) {
                let weights = Weights(newShare: Percent(thousandths: thousandths), oldServers: old, newServers: new)
                let isRight =
                    (0...Weights.largest).contains(weights.old) && (0...Weights.largest).contains(weights.new)
                    && (weights.new == 0) == (thousandths == 0) && (weights.old == 0) == (thousandths == 100_000)
                guard isRight else {
                    Issue.record("\(old) and \(new) servers, \(thousandths): \(weights)")
                    return
                }
            }
        }
    }

    @Test("come as close to the share as whole weights can", arguments: counts)
    func closeness(old: Int) {
        for new in Self.counts {
            for thousandths in stride(from: 0, through: 100_000, by: 500) {
                let share = Percent(thousandths: thousandths)
                let weights = Weights(newShare: share, oldServers: old, newServers: new)
                let reached = weights.newShare(oldServers: old, newServers: new)
                // The smallest step that a whole weight makes on the side with more servers.
                let step = Double(max(old, new)) / (200 * Double(min(old, new)))
                guard abs(reached - share.fraction) <= step + 0.0025 else {
                    Issue.record("\(old) and \(new) servers, \(share): \(weights) is \(reached)")
                    return
                }
            }
        }
    }

    @Test(
        "of colors of the same size are plain numbers",
        arguments: [
            (Percent(0), 200, 0), (Percent(1), 198, 2), (Percent(10), 180, 20), (Percent(50), 100, 100),
            (Percent(100), 0, 200),
        ])
    func plain(share: Percent, old: Int, new: Int) {
        #expect(Weights(newShare: share, oldServers: 3, newServers: 3) == Weights(old: old, new: new))
    }

    @Test("exist also when a color has no server")
    func noServers() {
        #expect(Weights(newShare: .all, oldServers: 0, newServers: 2) == Weights(old: 0, new: 200))
        #expect(Weights(newShare: .none, oldServers: 2, newServers: 0).new == 0)
        #expect(
            Weights(newShare: Percent(50), oldServers: 0, newServers: 0).newShare(oldServers: 0, newServers: 0) == 0)
    }
}
