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

    /// Against the rate that others had of whom as little may be known: what is counted on both sides may be off by chance.
    /// Of all pairs of rates that are no further apart than allowed, one fits both counts best; how much likelier they are
    /// at the measured rates is the strength (the same ratio, of two binomial counts).
    ///
    /// - Parameters:
    ///   - count: what went wrong, in `all`; `other`, in `others`, on the side that is compared with.
    ///   - margin: how far above that side's rate is well, from 0 to 1.
    init(of count: Int, in all: Int, beside other: Int, in others: Int, margin: Double) {
        let (total, totalOther) = (Double(max(all, 1)), Double(max(others, 1)))
        let (rate, rateOther) = (min(1, Double(count) / total), min(1, Double(other) / totalOther))
        guard rate > rateOther + margin else {
            strength = 0
            return
        }
        func likelihood(_ rate: Double, of measured: Double, in total: Double) -> Double {
            let met = measured == 0 ? 0 : measured * log(rate)
            return total * (met + (measured == 1 ? 0 : (1 - measured) * log(1 - rate)))
        }
        // The likelihood of both falls to either side of its greatest value, where its slope is nothing.
        var (low, high) = (rateOther, rate - margin)
        for _ in 0..<50 {
            let middle = (low + high) / 2
            let raised = middle + margin
            let slope =
                total * (rate / raised - (1 - rate) / (1 - raised))
                + totalOther * (rateOther / middle - (1 - rateOther) / (1 - middle))
            if slope > 0 { low = middle } else { high = middle }
        }
        let best = (low + high) / 2
        let free = likelihood(rate, of: rate, in: total) + likelihood(rateOther, of: rateOther, in: totalOther)
        let bound =
            likelihood(best + margin, of: rate, in: total) + likelihood(best, of: rateOther, in: totalOther)
        strength = max(0, free - bound)
    }

    /// Beyond doubt: the traffic goes back.
    var isClear: Bool { strength >= 11 }
    /// Enough to wait for more before the next step.
    var isSuspicious: Bool { strength >= 2 }
}
