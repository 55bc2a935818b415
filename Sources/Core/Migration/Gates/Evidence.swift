import Glibc

/// How strongly what was counted speaks against a rate that is allowed: the logarithm of how much likelier it is at the
/// measured rate than at that one, 0 where the measured rate is not above it. Pure.
///
/// With it one error of ten requests is no 10 %, and a thousandth is found once enough were asked. At the allowed rate
/// itself a strength of `s` is reached by chance in less than one of `exp(s)` windows (Chernoff's bound); a cutover has some
/// hundred windows that don't depend on each other, which is why so much is demanded.
///
/// Source: H. Chernoff, "A Measure of Asymptotic Efficiency for Tests of a Hypothesis Based on the Sum of Observations",
/// 1952; the same number is the generalised likelihood ratio of a binomial count.
struct Evidence: Sendable, Hashable {
    let strength: Double

    /// - Parameter allowed: the highest rate that is well, from 0 to 1. Where it is 0, one is enough.
    init(of count: Int, in all: Int, above allowed: Double) {
        let total = Double(max(all, 1))
        let rate = min(1, Double(count) / total)
        guard rate > allowed else {
            strength = 0
            return
        }
        let missed = rate == 1 ? 0 : (1 - rate) * log((1 - rate) / (1 - allowed))
        strength = total * (rate * log(rate / allowed) + missed)
    }

    /// Beyond doubt: the traffic goes back.
    var isClear: Bool { strength >= 11 }
    /// Enough to wait for more before the next step.
    var isSuspicious: Bool { strength >= 2 }
}
