extension TrafficTargets {
    /// The new color's share that a backend really gets at a step: weights are whole numbers, and some servers of the new
    /// color keep one at any share.
    ///
    /// It is that of the servers that served when they were found; of a color of which none did, of all.
    ///
    /// - Returns: nil for a switch, and where a color lists no server.
    public func trueShare(
        at share: Percent, _ rule: TrafficRule, on name: LoadBalancerID, _ state: LoadBalancerState
    ) -> Double? {
        let sides = sides(rule, on: name, state)
        guard !sides.scale.isSwitch, !isGivenUp(rule, on: name), !sides.ofOld.isEmpty, !sides.ofNew.isEmpty else {
            return nil
        }
        let weights = weights(for: share, rule, on: name, sides)
        func sum(_ places: [Sides.Place], _ weights: [String: Int]) -> Int {
            let serving = places.filter { sides.found($0)?.serves != false }
            let names = Set((serving.isEmpty ? places : serving).map { sides[$0].weighed })
            return names.reduce(0) { $0 + weights[$1, default: 0] }
        }
        let (old, new) = (sum(sides.ofOld, weights.old), sum(sides.ofNew, weights.new))
        return old + new == 0 ? nil : Double(new) / Double(old + new)
    }
}

extension Percent {
    /// Whether people would call a share another one: it differs by more than a tenth, and by more than 0.05 points.
    public func isVisiblyOther(than fraction: Double) -> Bool {
        let difference = abs(fraction - self.fraction)
        return difference > self.fraction / 10 && difference > 0.0005
    }
}
