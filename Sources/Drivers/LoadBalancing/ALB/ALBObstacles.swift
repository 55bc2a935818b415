import Migration

/// What would spoil a cutover on one Application Load Balancer.
struct ALBObstacles {
    let name: LoadBalancerID
    let rules: [TrafficRule]
    let look: ALBLook

    var all: [Obstacle] { rules.flatMap(ofRule) + ofCounters }

    private func ofRule(_ rule: TrafficRule) -> [Obstacle] {
        if rule.switching != nil {
            return [blocking("\(rule.backend) is a switch, which only HAProxy has: write `servers` instead")]
        }
        guard let arn = look.names[rule.backend] else {
            return [blocking("no listener rule is named for \(rule.backend): add its ARN under `rules`")]
        }
        guard let listed = look.rule(rule.backend) else {
            return [
                blocking("the load balancer has no listener rule \(arn.text), which `rules` names for \(rule.backend)")
            ]
        }
        guard listed.actions == ["forward"] else {
            let failure = ALBChange.refusal(of: listed, rule.backend, on: name)
            let advice = failure.advice.map { ". \($0)" } ?? ""
            return [
                Obstacle("\(failure.summary) (\(listed.actions.joined(separator: ", ")))\(advice)", isBlocking: true)
            ]
        }
        return Color.allCases.flatMap { ofColor($0, listed, rule) }
            + listed.groups.flatMap { ofGroup($0, listed, rule) }
            + ofStickiness(listed, rule)
    }

    private func ofColor(_ color: Color, _ listed: ALBRule, _ rule: TrafficRule) -> [Obstacle] {
        let groups = listed.groups.compactMap { look.groups[$0.arn] }.filter { colors(of: $0, rule).contains(color) }
        guard !groups.isEmpty else {
            return [
                blocking(
                    "the listener rule of \(rule.backend) forwards to no target group with servers of \(color) "
                        + "(\(rule.servers[color] ?? "no pattern")): add it with weight 0; servers are named "
                        + "TARGETGROUP/TARGET:PORT")
            ]
        }
        return groups.filter { (look.targets[$0.arn] ?? []).isEmpty }.map {
            warning(
                "the target group \($0.name) of \(color) has no targets: what builds its servers must register them "
                    + "there")
        }
    }

    private func ofGroup(_ group: ALBRule.Group, _ listed: ALBRule, _ rule: TrafficRule) -> [Obstacle] {
        guard let known = look.groups[group.arn] else {
            return [blocking("\(rule.backend) forwards to \(group.arn), which the API does not show")]
        }
        let colors = colors(of: known, rule)
        guard colors.count < 2 else {
            return [
                blocking("the target group \(known.name) of \(rule.backend) has servers of both colors: it needs two")
            ]
        }
        guard !colors.isEmpty else {
            return [
                warning(
                    "the target group \(known.name) of \(rule.backend) is of neither color: it keeps its weight and its "
                        + "users")
            ]
        }
        var found: [Obstacle] = []
        if !["ip", "instance"].contains(known.targetType) {
            found.append(
                blocking(
                    "the target group \(known.name) has targets of the type \(known.targetType), whose health says "
                        + "nothing of servers: rz moves `ip` and `instance`"))
        }
        if !known.hasHealthCheck {
            found.append(
                blocking("the target group \(known.name) has no health check, so rz could not see which targets serve"))
        }
        let key = look.note.key(known.name, in: listed)
        if key.count > ALBNote.longestKey {
            found.append(blocking("the tag \(key) would be longer than AWS takes (\(ALBNote.longestKey) characters)"))
        }
        if let cookie = known.cookie {
            found.append(
                warning(
                    "the target group \(known.name) keeps users at one target by the cookie \(cookie): each color spreads "
                        + "them by itself"))
        }
        if let start = known.attributes["slow_start.duration_seconds"], start != "0" {
            found.append(
                warning(
                    "the target group \(known.name) has a slow start of \(start) s: a target that just became healthy gets "
                        + "less than its part"))
        }
        return found
    }

    private func ofStickiness(_ listed: ALBRule, _ rule: TrafficRule) -> [Obstacle] {
        guard let length = listed.stickiness else { return [] }
        return [
            warning(
                "\(rule.backend) keeps users at their color by the cookie AWSALBTG for \(length): shares are those of new "
                    + "users, and AWS does not say that a weight of 0 moves the others, so the drain and a way back take "
                    + "as long. Turn the stickiness of the listener rule off before a move")
        ]
    }

    /// What no plan may hide: how quiet is shown, and who judges users.
    private var ofCounters: [Obstacle] {
        guard !rules.isEmpty, let length = look.state(rules).unseenFor else { return [] }
        return [
            warning(
                "an ALB reports neither requests nor sessions: users on it are judged by probes and Prometheus only, and "
                    + "the old color counts as quiet once it has had no weight for \(length), the longest deregistration "
                    + "delay or cookie of its target groups, and for `drain.quiet`. A request that lasts longer is not "
                    + "seen")
        ]
    }

    /// By its targets; without any, by its name.
    private func colors(of group: ALBTargetGroup, _ rule: TrafficRule) -> Set<Color> {
        let targets = look.targets[group.arn] ?? []
        let names = targets.isEmpty ? ["\(group.name)/0.0.0.0:0"] : targets.map { "\(group.name)/\($0.address)" }
        return Set(names.compactMap { rule.color(of: $0) })
    }

    private func blocking(_ text: String) -> Obstacle { Obstacle("\(name): \(text)", isBlocking: true) }
    private func warning(_ text: String) -> Obstacle { Obstacle("\(name): \(text)", isBlocking: false) }
}
