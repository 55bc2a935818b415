import Migration

/// Changes of servers as changes of weights of target groups, and of rz's note.
struct ALBChange {
    /// By rule: the weights of its target groups, by ARN; only those rules that are to be changed.
    private(set) var weights: [ALBRule: [String: Int]] = [:]
    private(set) var note: ALBNote

    private static let words = GroupChanges.Words(
        product: "an ALB", group: "target group", list: "its target groups",
        removal: "Deregister the target from its target group.")

    /// - Throws: `Failure` for what an ALB can't do.
    init(
        _ changes: [ServerChange], look: ALBLook, epoch: EpochEntry, on name: LoadBalancerID
    ) throws(Failure) {
        note = look.note
        note.epoch = epoch
        // Whoever got weight from someone else is in service again.
        for rule in look.rules {
            for group in rule.groups where group.weight > 0 {
                if let known = look.groups[group.arn] { note.resting[note.key(known.name, in: rule)] = nil }
            }
        }
        let groups = try GroupChanges(changes, on: name, words: ALBChange.words)
        for (key, wanted) in groups.all { try set(wanted, key, look, groups, on: name) }
    }

    private mutating func set(
        _ wanted: GroupChanges.Wanted, _ key: GroupChanges.Key, _ look: ALBLook, _ groups: GroupChanges,
        on name: LoadBalancerID
    ) throws(Failure) {
        guard let rule = look.rule(key.backend),
            let group = rule.groups.first(where: { look.groups[$0.arn]?.name == key.group })
        else {
            throw Failure(
                "\(name) has no server \(key.backend)/\(key.group)",
                advice: "Name its listener rule under `rules` of this load balancer, and let the rule forward to both "
                    + "colors' target groups.", kind: .refused)
        }
        guard rule.actions == ["forward"] else { throw ALBChange.refusal(of: rule, key.backend, on: name) }
        let named = (look.targets[group.arn] ?? []).map { "\(key.group)/\($0.address)" }
        try groups.refuseParts(wanted, of: key, with: named)
        let resting = look.resting(group, in: rule)
        let administration = wanted.administration ?? resting?.administration ?? .ready
        let weight = wanted.weight ?? resting?.weight ?? group.weight
        guard (0...WeightScale.alb.largest).contains(weight) else {
            throw Failure("\(name) takes weights from 0 to 999, not \(weight)", at: key.backend, kind: .refused)
        }
        note.resting[note.key(key.group, in: rule)] =
            administration == .ready ? nil : Resting(administration: administration, weight: weight)
        let served = administration == .ready ? weight : 0
        if served != group.weight { weights[rule, default: [:]][group.arn] = served }
    }

    static func refusal(of rule: ALBRule, _ backend: String, on name: LoadBalancerID) -> Failure {
        Failure(
            "\(name): the listener rule of \(backend) has other actions than one forward action", at: rule.arn,
            details: [rule.actions.joined(separator: ", ")],
            advice:
                "rz would have to send them all again, and the API does not show their secrets: leave users of this "
                + "backend to another load balancer.", kind: .refused)
    }
}
