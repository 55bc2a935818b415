/// A value of a YAML document, and where it stands. Aliases stand for what they refer to.
public struct YAMLNode: Sendable {
    public indirect enum Content: Sendable {
        case scalar(YAMLTree.Scalar)
        case list([YAMLNode])
        /// No key twice.
        case map([Entry])
    }

    public struct Entry: Sendable {
        public let key: Key
        public let value: YAMLNode
    }

    public struct Key: Sendable {
        public let scalar: YAMLTree.Scalar
        public let place: Place
        public var text: String { scalar.text }
    }

    /// From 1, in characters.
    public struct Place: Sendable, Hashable {
        public let line: Int
        public let column: Int
    }

    public let content: Content
    public let place: Place
    /// Single values, lists and maps in it, itself and what aliases stand for included.
    let size: Int

    public var scalar: YAMLTree.Scalar? { if case .scalar(let scalar) = content { scalar } else { nil } }
    public var list: [YAMLNode]? { if case .list(let elements) = content { elements } else { nil } }
    public var map: [Entry]? { if case .map(let entries) = content { entries } else { nil } }
}

/// A text with one YAML document.
public struct YAMLDocument: Sendable {
    /// Bytes.
    public static let largestText = 1 << 20
    /// Lists and maps inside each other.
    public static let deepest = 40
    /// Single values, lists and maps, an alias counted as all that it stands for.
    public static let mostNodes = 100_000

    /// Nil for a text without a value.
    public let root: YAMLNode?
    /// Keys that their map has already, in the order of the text. `root` has the first of each only.
    public let repeatedKeys: [YAMLNode.Key]

    /// - Throws: `YAMLError` with the place for what is no YAML, or is larger than a person writes.
    public init(_ text: String) throws(YAMLError) {
        guard text.utf8.count <= YAMLDocument.largestText else {
            throw YAMLError("longer than \(YAMLDocument.largestText >> 20) MiB")
        }
        (root, repeatedKeys) = try Array(text.utf8).withUnsafeBufferPointer { (bytes) throws(YAMLError) in
            var composer = Composer(events: try Events(bytes))
            return (try composer.document(), composer.repeatedKeys)
        }
    }
}

/// Makes nodes of events; stops at the first that is beyond the limits, so aliases of aliases end, too.
private struct Composer {
    let events: Events
    private(set) var repeatedKeys: [YAMLNode.Key] = []
    private var anchors: [String: YAMLNode] = [:]
    private var depth = 0
    private var nodes = 0

    init(events: Events) { self.events = events }

    mutating func document() throws(YAMLError) -> YAMLNode? {
        _ = try events.next()
        guard try events.next().kind != .streamEnd else { return nil }
        let root = try node(try events.next())
        _ = try events.next()
        let end = try events.next()
        guard end.kind == .streamEnd else {
            throw YAMLError(
                "but found another document", context: "expected a single document in the stream", at: end.place,
                isSyntax: true)
        }
        return root
    }

    private mutating func node(_ event: Events.Event) throws(YAMLError) -> YAMLNode {
        switch event.kind {
        case .alias(let anchor):
            guard let known = anchors[anchor] else {
                throw YAMLError("found undefined alias", at: event.place, isSyntax: true)
            }
            try count(known.size, event.place)
            return YAMLNode(content: known.content, place: known.place, size: known.size)
        case .scalar(let scalar, let anchor):
            try count(1, event.place)
            return named(anchor, .scalar(scalar), event.place, size: 1)
        case .listStart(let anchor):
            let before = nodes
            try open(event.place)
            var elements: [YAMLNode] = []
            while true {
                let next = try events.next()
                if next.kind == .listEnd { break }
                elements.append(try node(next))
            }
            depth -= 1
            return named(anchor, .list(elements), event.place, size: nodes - before)
        case .mapStart(let anchor):
            let before = nodes
            try open(event.place)
            let entries = try entries()
            depth -= 1
            return named(anchor, .map(entries), event.place, size: nodes - before)
        case .start, .documentStart, .documentEnd, .listEnd, .mapEnd, .streamEnd:
            throw YAMLError("a value is missing", at: event.place, isSyntax: true)
        }
    }

    private mutating func entries() throws(YAMLError) -> [YAMLNode.Entry] {
        var entries: [YAMLNode.Entry] = []
        var known: Set<YAMLTree.Scalar> = []
        while true {
            let event = try events.next()
            if event.kind == .mapEnd { return entries }
            if event.kind.isCollection { throw YAMLError("a key is a text", at: event.place) }
            guard let scalar = try node(event).scalar else { throw YAMLError("a key is a text", at: event.place) }
            let key = YAMLNode.Key(scalar: scalar, place: event.place)
            let value = try node(try events.next())
            if known.insert(scalar).inserted {
                entries.append(YAMLNode.Entry(key: key, value: value))
            } else {
                repeatedKeys.append(key)
            }
        }
    }

    private mutating func open(_ place: YAMLNode.Place) throws(YAMLError) {
        guard depth < YAMLDocument.deepest else { throw YAMLError(Events.tooDeep, at: place) }
        depth += 1
        try count(1, place)
    }

    private mutating func count(_ more: Int, _ place: YAMLNode.Place) throws(YAMLError) {
        nodes += more
        guard nodes <= YAMLDocument.mostNodes else {
            throw YAMLError("more than \(YAMLDocument.mostNodes) values, aliases included", at: place)
        }
    }

    private mutating func named(
        _ anchor: String?, _ content: YAMLNode.Content, _ place: YAMLNode.Place, size: Int
    ) -> YAMLNode {
        let node = YAMLNode(content: content, place: place, size: size)
        if let anchor { anchors[anchor] = node }
        return node
    }
}
