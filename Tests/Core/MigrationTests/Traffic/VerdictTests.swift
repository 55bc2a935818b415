import Migration
import Testing

@Suite("A verdict")
struct VerdictTests {
    @Test(
        "of several is a failure if one failed, open if one is open, and never a pass without any",
        arguments: [
            ([], .inconclusive), ([.pass], .pass), ([.pass, .pass], .pass), ([.pass, .inconclusive], .inconclusive),
            ([.inconclusive, .pass], .inconclusive), ([.inconclusive, .fail, .pass], .fail), ([.fail], .fail),
        ] as [([Verdict], Verdict)])
    func combined(verdicts: [Verdict], expected: Verdict) {
        #expect(Verdict.combined(verdicts) == expected)
    }

    @Test("counts as reached after enough passes in a row")
    func consecutive() {
        var passes = ConsecutivePasses(needed: 3)
        for verdict in [Verdict.pass, .pass, .fail, .pass, .pass, .inconclusive, .pass, .pass] {
            passes.record(verdict)
        }
        #expect(passes.count == 2)
        #expect(!passes.isReached)
        passes.record(.pass)
        #expect(passes.isReached)
        passes.record(.fail)
        #expect(!passes.isReached)
    }

    @Test("needs at least one pass, whatever was asked for")
    func atLeastOne() {
        #expect(!ConsecutivePasses(needed: 0).isReached)
        #expect(!ConsecutivePasses(needed: -3).isReached)
    }
}
