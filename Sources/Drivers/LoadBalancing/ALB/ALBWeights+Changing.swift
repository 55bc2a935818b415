import Migration

/// Changes, and what makes them safe: the epoch before and after, the note before the weights, and a wait until the API
/// shows what was set.
///
/// The API has no conditional write. A run that was replaced between its last look at the tag and its change of a rule is
/// found out when it reads back, and the run that owns the load balancer restores what it had set (I6, I7).
extension ALBWeights {
    public func apply(_ changes: [ServerChange], epoch: Int) async throws(Failure) {
        _ = try await change(changes, epoch: epoch)
    }

    public func change(
        _ changes: [ServerChange], in process: LoadBalancerProcess?, isFollowed: Bool, epoch: Int
    ) async throws(Failure) -> LoadBalancerState {
        let client = try client()
        let mine = owner.entry(of: epoch)
        let before = try await look(client)
        try refuse(mine, before.note)
        let wanted = try ALBChange(changes, look: before, epoch: mine, on: name)
        // Who is out of service is written down first: a crash in between leaves a note of a group with weight, which
        // counts for nothing.
        try await write(wanted.note, over: before.note, client)
        if before.note.epoch != mine { try refuse(mine, try await note(client)) }
        for (rule, weights) in wanted.weights.sorted(by: { $0.key.arn < $1.key.arn }) {
            if rule.isDefault {
                try await client.change(
                    "ModifyListener", [("ListenerArn", rule.listener)] + rule.action("DefaultActions", weights))
            } else {
                try await client.change("ModifyRule", [("RuleArn", rule.arn)] + rule.action("Actions", weights))
            }
        }
        try await remove(wanted.note, from: before.note, client)
        return try await shown(wanted, client, mine).state(rules)
    }

    private func refuse(_ mine: EpochEntry, _ note: ALBNote) throws(Failure) {
        if let held = note.epoch, mine.isRefused(by: held) { throw try replaced(mine, by: held) }
    }

    private func shown(
        _ wanted: ALBChange, _ client: ELBClient, _ mine: EpochEntry
    ) async throws(Failure) -> ALBLook {
        let end = ContinuousClock.now + patience
        while true {
            let look = try await look(client)
            try refuse(mine, look.note)
            guard let difference = wanted.difference(from: look) else { return look }
            guard ContinuousClock.now < end else {
                throw Failure(
                    "\(name) does not show what was set", at: client.place, details: [difference],
                    advice: "See who else changes this listener rule: a controller or Terraform may set it back.",
                    kind: .transient)
            }
            do { try await Task.sleep(for: .milliseconds(200)) } catch { throw .cancelled }
        }
    }
}

extension ALBChange {
    /// What a look shows otherwise than it was set, in words; nil where it shows it.
    fileprivate func difference(from look: ALBLook) -> String? {
        if note != look.note { return "its tags are not those that were written" }
        for (rule, weights) in weights {
            guard let now = look.rules.first(where: { $0.arn == rule.arn }) else { return "\(rule.arn) is gone" }
            for group in now.groups where weights[group.arn].map({ $0 != group.weight }) ?? false {
                return "\(look.groups[group.arn]?.name ?? group.arn) has weight \(group.weight), set was "
                    + "\(weights[group.arn] ?? 0)"
            }
        }
        return nil
    }
}
