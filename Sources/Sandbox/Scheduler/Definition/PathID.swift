/// The absolute id of an app or group, such as `/shop/web`; the root group is `/`.
struct PathID: Hashable, Comparable, Sendable, CustomStringConvertible {
    let segments: [String]

    static let root = PathID(segments: [])

    init(segments: [String]) {
        self.segments = segments
    }

    /// Resolves an id as written: `.` and `..` are followed, repeated slashes collapse, a relative one starts at `base`.
    init(_ text: String, base: PathID = .root) {
        var resolved = text.hasPrefix("/") ? [] : base.segments
        for segment in text.split(separator: "/", omittingEmptySubsequences: true) {
            switch segment {
            case ".": continue
            case "..": _ = resolved.popLast()
            default: resolved.append(String(segment))
            }
        }
        segments = resolved
    }

    var description: String { "/" + segments.joined(separator: "/") }

    var parent: PathID { PathID(segments: Array(segments.dropLast())) }

    /// The id without its slashes, as it stands at the head of task ids.
    var flattened: String { segments.joined(separator: "_") }

    func isAncestor(of other: PathID) -> Bool {
        segments.count < other.segments.count && other.segments.starts(with: segments)
    }

    static func < (left: PathID, right: PathID) -> Bool {
        left.segments.lexicographicallyPrecedes(right.segments)
    }

    /// The pattern Marathon names when an id segment is refused.
    static let segmentPattern =
        #"^(([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])\.)*([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])|(\.|\.\.)$"#

    /// Whether every segment consists of dot-separated labels of lower-case letters, digits and inner dashes.
    var isValid: Bool {
        segments.allSatisfy { segment in
            segment.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
                !label.isEmpty && label.first != "-" && label.last != "-"
                    && label.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
            }
        }
    }
}
