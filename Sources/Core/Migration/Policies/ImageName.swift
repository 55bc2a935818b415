/// The name of an image: `[REGISTRY[:PORT]/]PATH[:TAG][@DIGEST]`.
///
/// Source: OCI distribution specification 1.1, "Pulling manifests".
public struct ImageName: Sendable, Hashable {
    public let tag: String?
    public let digest: String?

    public init(_ text: String) {
        let halves = text.split(separator: "@", maxSplits: 1)
        digest = halves.count > 1 ? String(halves[1]) : nil
        let last = halves.first?.split(separator: "/").last ?? ""
        let colon = last.firstIndex(of: ":")
        tag = colon.map { String(last[last.index(after: $0)...]) }
    }

    /// Whether another image may have the name tomorrow.
    public var isMoving: Bool { digest == nil && (tag == nil || tag == "latest") }
}
