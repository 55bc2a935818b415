/// A drift on the wire, as plans and histories hold it. What takes it back is in the plan's steps. Differences of files
/// and of resources are for the one who looks: they may hold secrets that no one declared, so only how long they were is
/// kept.
extension Drift: Codable {
    private enum Key: String, CodingKey {
        case area = "area"
        case subject = "subject"
        case text = "text"
        case diff = "diff"
    }

    public func encode(to encoder: any Encoder) throws {
        var drift = encoder.container(keyedBy: Key.self)
        try drift.encode(area, forKey: .area)
        try drift.encode(subject, forKey: .subject)
        try drift.encode(text, forKey: .text)
        let isKept = area == .services || area == .loadBalancers || diff.isEmpty
        try drift.encode(
            isKept ? diff : ["\(diff.count) \(diff.count == 1 ? "line" : "lines"), not kept"], forKey: .diff)
    }

    public init(from decoder: any Decoder) throws {
        let drift = try decoder.container(keyedBy: Key.self)
        self.init(
            try drift.decode(Area.self, forKey: .area), try drift.decode(String.self, forKey: .subject),
            try drift.decode(String.self, forKey: .text), diff: try drift.decode([String].self, forKey: .diff))
    }
}
