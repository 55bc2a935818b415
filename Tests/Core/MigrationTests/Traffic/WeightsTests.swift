import Migration
import Testing

@Suite("Weights for a share")
struct WeightsTests {
    static let counts = [1, 2, 3, 5, 8, 12, 30, 64, 200]

    @Test("stay what a load balancer takes, and leave neither color without any part of its own", arguments: counts)
    func bounds(old: Int) {
        for new in Self.counts {
            for thousandths in stride(from: 0, through: 100_000, by: 250) {
                let weights = Weights(
                    share: Percent(thousandths: thousandths), old: servers(old, 100), new: servers(new, 100))
                let all = Array(weights.old.values) + Array(weights.new.values)
                let isRight =
                    all.allSatisfy((0...WeightScale().largest).contains)
                    && (weights.new.values.reduce(0, +) == 0) == (thousandths == 0)
                    && (weights.old.values.reduce(0, +) == 0) == (thousandths == 100_000)
                guard isRight else {
                    Issue.record("\(old) and \(new) servers, \(thousandths): \(weights)")
                    return
                }
            }
        }
    }

    @Test("amount to the share within a tenth of it, whatever the sizes of the colors", arguments: counts)
    func closeness(old: Int) {
        for new in Self.counts {
            for percent in [1, 2, 5, 10, 25, 50, 75, 90] {
                let share = Percent(percent)
                let reached = Weights(share: share, old: servers(old, 100), new: servers(new, 100)).newShare
                // One server with weight 1 beside the largest weights of the old color is the least there is.
                let least = 1 / Double(256 * old)
                // Beside very many servers of the old color, each with weight 1 at least, it is less than was told.
                let most = Double(256 * new) / Double(256 * new + old)
                let wanted = min(share.fraction, most)
                guard abs(reached - wanted) <= max(share.fraction / 10, least) else {
                    Issue.record("\(old) and \(new) servers, \(share): \(reached)")
                    return
                }
            }
        }
    }

    @Test(
        "of servers with the usual weight are plain numbers",
        arguments: [
            (Percent(0), 100, 0), (Percent(1), 99, 1), (Percent(10), 90, 10), (Percent(50), 50, 50),
            (Percent(100), 0, 100),
        ])
    func plain(share: Percent, old: Int, new: Int) {
        let weights = Weights(share: share, old: servers(3, 100), new: servers(3, 100))
        #expect(weights == expected(servers(3, old), servers(3, new)))
    }

    @Test("keep the proportions inside a color, and give back exactly what was found")
    func proportions() {
        let found = ["big": 200, "small": 50, "tiny": 1]
        #expect(Weights(share: .none, old: found, new: ["g": 100]).old == found)
        let half = Weights(share: Percent(50), old: ["big": 200, "small": 50], new: ["g1": 100, "g2": 100])
        #expect(half.old == ["big": 100, "small": 25])
        #expect(half.newShare == 0.5)
        let all = Weights(share: .all, old: found, new: ["g-big": 200, "g-small": 50])
        #expect(all.new == ["g-big": 200, "g-small": 50])
    }

    @Test("of a small share of many servers go to some of them, so that it stays a small share")
    func someOfMany() {
        let weights = Weights(share: Percent(1), old: servers(3, 100), new: servers(60, 100))
        #expect(weights.new.values.count { $0 > 0 } == 8)
        #expect(abs(weights.newShare - 0.01) < 0.001)
        #expect(
            Weights(share: Percent(1), old: servers(1, 1), new: servers(60, 100), atLeast: 4).new.values
                .count { $0 > 0 } == 4)
    }

    @Test("count on no server of the old color that did not serve when it was found")
    func missingServers() {
        // Two of three were down: told 10 %, it must not become 25 %.
        let weights = Weights(share: Percent(10), old: servers(3, 100), new: servers(3, 100), missing: (200, 0))
        let serving = weights.old.values.reduce(0, +) / 3
        let new = weights.new.values.reduce(0, +)
        #expect(abs(Double(new) / Double(new + serving) - 0.1) < 0.01)
    }

    @Test("count on no server of the new color that does not serve either")
    func missingNewServers() {
        // One of three serves in each color, as where a service has one instance on three agents.
        let weights = Weights(share: Percent(50), old: servers(3, 100), new: servers(3, 100), missing: (200, 200))
        #expect(weights == Weights(old: servers(3, 50), new: servers(3, 50)))
    }

    @Test("exist also when a color has no server")
    func noServers() {
        #expect(Weights(share: .all, old: [:], new: servers(2, 100)) == expected([:], servers(2, 100)))
        #expect(Weights(share: .none, old: servers(2, 100), new: [:]).new.isEmpty)
        #expect(Weights(share: Percent(50), old: [:], new: [:]).newShare == 0)
    }

    private func servers(_ count: Int, _ weight: Int) -> [String: Int] {
        Dictionary(uniqueKeysWithValues: (0..<count).map { ("s\($0)", weight) })
    }

    private func expected(_ old: [String: Int], _ new: [String: Int]) -> Weights { Weights(old: old, new: new) }
}
