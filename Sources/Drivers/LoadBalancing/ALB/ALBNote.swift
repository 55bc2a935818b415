import Migration

/// What rz writes on an Application Load Balancer: tags of the load balancer, one for the epoch of each environment, and
/// one for each target group that is out of service. An ALB knows no state of a target group but its weight.
struct ALBNote: Sendable, Hashable {
    /// AWS takes keys of 128 characters.
    static let longestKey = 128

    let environment: String
    var epoch: EpochEntry?
    /// By the key of its tag.
    var resting: [String: Resting] = [:]

    init(_ tags: [String: String], environment: String) {
        self.environment = environment
        epoch = tags[epochKey].flatMap { EpochEntry(Substring($0)) }
        for (key, value) in tags where key.hasPrefix(restingPrefix) { resting[key] = Resting(value) }
    }

    var epochKey: String { "rz-epoch-\(environment)" }
    private var restingPrefix: String { "rz-resting-\(environment)/" }

    /// That of a target group in a rule.
    func key(_ group: String, in rule: ALBRule) -> String { "\(restingPrefix)\(group)/\(ALBArn.id(of: rule.arn))" }

    /// Tags to be written, so that this note stands there in place of another.
    func additions(to other: ALBNote) -> [(String, String)] {
        var all: [(String, String)] = []
        if let epoch, epoch != other.epoch { all.append((epochKey, epoch.description)) }
        return all
            + resting.sorted { $0.key < $1.key }.filter { other.resting[$0.key] != $0.value }
            .map { ($0.key, $0.value.text) }
    }

    func removals(from other: ALBNote) -> [String] { other.resting.keys.filter { resting[$0] == nil }.sorted() }
}
