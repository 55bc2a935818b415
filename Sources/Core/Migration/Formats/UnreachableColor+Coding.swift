/// An unreachable color as plans have it.
extension UnreachableColor: Codable {
    private enum Key: String, CodingKey {
        case keptAt = "keptAt"
        case digest = "digest"
        case silent = "silent"
        case unverified = "unverified"
    }

    public init(from decoder: any Decoder) throws {
        let color = try decoder.container(keyedBy: Key.self)
        self.init(
            keptAt: try color.decode(Instant.self, forKey: .keptAt),
            digest: try color.decode(String.self, forKey: .digest),
            silent: try color.decode([String].self, forKey: .silent),
            unverified: try color.decode([String].self, forKey: .unverified))
    }

    public func encode(to encoder: any Encoder) throws {
        var color = encoder.container(keyedBy: Key.self)
        try color.encode(keptAt, forKey: .keptAt)
        try color.encode(digest, forKey: .digest)
        try color.encode(silent, forKey: .silent)
        try color.encode(unverified, forKey: .unverified)
    }
}
