import Migration
import XML

/// A listener rule, as DescribeRules shows it.
struct ALBRule: Sendable, Hashable {
    struct Group: Sendable, Hashable {
        var arn: String
        var weight: Int
    }

    var arn: String
    var listener: String
    /// A number, or `default`.
    var priority: String
    var isDefault: Bool
    /// The kinds of all its actions: `forward`.
    var actions: [String]
    /// Of its forward action.
    var groups: [Group]
    /// How long a user stays at a target group, by a cookie; nil where none does.
    var stickiness: Period?
    /// As it was, so that it is sent back: whether the action has the setting at all.
    var hasStickiness: Bool

    init?(_ element: XMLElement, of listener: String) {
        guard let arn = element["RuleArn"]?.text, !arn.isEmpty else { return nil }
        self.arn = arn
        self.listener = listener
        priority = element["Priority"]?.text ?? "?"
        isDefault = element["IsDefault"]?.text == "true" || priority == "default"
        let all = element.members("Actions")
        actions = all.map { $0["Type"]?.text ?? "?" }
        let forward = all.first { $0["Type"]?.text == "forward" }
        let weighed = forward?["ForwardConfig"]?.members("TargetGroups") ?? []
        if weighed.isEmpty {
            groups = (forward?["TargetGroupArn"]?.text).map { [Group(arn: $0, weight: 1)] } ?? []
        } else {
            groups = weighed.compactMap { group in
                (group["TargetGroupArn"]?.text).map { arn in
                    // The API says every weight; without one it is 1.
                    Group(arn: arn, weight: (group["Weight"]?.text).map { min(max(0, Int($0) ?? 0), 999) } ?? 1)
                }
            }
        }
        let sticky = forward?["ForwardConfig"]?["TargetGroupStickinessConfig"]
        hasStickiness = sticky != nil
        stickiness =
            sticky?["Enabled"]?.text == "true"
            ? Period(aws: sticky?["DurationSeconds"]?.text, otherwise: 604_800) : nil
    }

    /// The parameters of a call that sets these weights and leaves the rest of the action as it is.
    func action(_ key: String, _ weights: [String: Int]) -> [(String, String)] {
        let config = "\(key).member.1.ForwardConfig."
        var all = [("\(key).member.1.Type", "forward")]
        for (index, group) in groups.enumerated() {
            let member = "\(config)TargetGroups.member.\(index + 1)."
            all.append((member + "TargetGroupArn", group.arn))
            all.append((member + "Weight", "\(weights[group.arn] ?? group.weight)"))
        }
        guard hasStickiness else { return all }
        all.append((config + "TargetGroupStickinessConfig.Enabled", stickiness == nil ? "false" : "true"))
        if let stickiness {
            all.append(
                (config + "TargetGroupStickinessConfig.DurationSeconds", "\(stickiness.milliseconds / 1000)"))
        }
        return all
    }
}

/// A target group, with the attributes that matter for a move.
struct ALBTargetGroup: Sendable, Hashable {
    var arn: String
    var name: String
    /// `instance`, `ip`, `lambda` or `alb`.
    var targetType: String
    var hasHealthCheck: Bool
    var attributes: [String: String]

    init?(_ element: XMLElement, attributes: [String: String] = [:]) {
        guard let arn = element["TargetGroupArn"]?.text, let name = element["TargetGroupName"]?.text else { return nil }
        self.arn = arn
        self.name = name
        targetType = element["TargetType"]?.text ?? "instance"
        hasHealthCheck = element["HealthCheckEnabled"]?.text != "false"
        self.attributes = attributes
    }

    /// How long a request that is under way has once its target is deregistered: what its owner says of the longest one.
    var deregistrationDelay: Period {
        Period(aws: attributes["deregistration_delay.timeout_seconds"], otherwise: 300)
    }

    /// The cookie that keeps a user at one target of the group; nil for none.
    var cookie: String? {
        guard attributes["stickiness.enabled"] == "true" else { return nil }
        return attributes["stickiness.app_cookie.cookie_name"] ?? "AWSALB"
    }
}

extension Period {
    /// Seconds, as the API writes them: at most a week.
    fileprivate init(aws text: String?, otherwise seconds: Int) {
        self = .seconds(min(max(0, text.flatMap { Int64($0) } ?? Int64(seconds)), 604_800))
    }
}

/// A target, as DescribeTargetHealth shows it.
struct ALBTarget: Sendable, Hashable {
    var id: String
    var port: String
    /// `healthy`, `unhealthy`, `initial`, `draining`, `unhealthy.draining`, `unused` or `unavailable`.
    var state: String
    var reason: String

    init?(_ element: XMLElement) {
        guard let id = element["Target"]?["Id"]?.text, !id.isEmpty else { return nil }
        self.id = id
        port = element["Target"]?["Port"]?.text ?? ""
        state = element["TargetHealth"]?["State"]?.text ?? "?"
        reason = element["TargetHealth"]?["Reason"]?.text ?? ""
    }

    /// `10.0.1.5:8080`, `i-0abc:80`, or that of a function without a port.
    var address: String {
        let host = id.contains(":") && !id.hasPrefix("arn:") ? "[\(id)]" : id
        return port.isEmpty ? host : "\(host):\(port)"
    }

    var operation: ServerState.Operation {
        switch state {
        case "healthy", "initial", "unavailable": .up
        case "draining": .stopping
        default: .down
        }
    }

    /// Only what a check has found healthy is passed: `initial` was not asked yet, `unused` and whatever is not known
    /// serve no one.
    func check(_ hasCheck: Bool) -> ServerState.Check {
        switch state {
        case "healthy": hasCheck ? .passed : .none
        case "unavailable": .none
        case "initial", "draining": .pending
        default: .failed
        }
    }
}
