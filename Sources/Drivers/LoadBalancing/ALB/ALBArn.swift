/// The ARN of a listener rule, or of a listener, of an Application Load Balancer:
/// `arn:aws:elasticloadbalancing:REGION:ACCOUNT:listener-rule/app/NAME/ID/LISTENER/RULE`.
struct ALBArn: Sendable, Hashable {
    let text: String
    let region: String
    let listener: String
    let loadBalancer: String
    /// Whether it is a listener's, and stands for its default rule.
    let isListener: Bool

    /// Nil for any other text.
    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", parts[2] == "elasticloadbalancing" else { return nil }
        let path = parts[5].split(separator: "/", omittingEmptySubsequences: false)
        guard path.count > 4, path[1] == "app", !path.contains("") else { return nil }
        switch (path[0], path.count) {
        case ("listener-rule", 6): isListener = false
        case ("listener", 5): isListener = true
        default: return nil
        }
        self.text = text
        region = String(parts[3])
        let start = parts[..<5].joined(separator: ":")
        listener = "\(start):listener/" + path[1...4].joined(separator: "/")
        loadBalancer = "\(start):loadbalancer/" + path[1...3].joined(separator: "/")
    }

    /// What the last part of an ARN is called: the id of a rule.
    static func id(of arn: String) -> String { arn.split(separator: "/").last.map { String($0) } ?? arn }
}
